import { newUuid, type SessionId, type SessionMetadata } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { openShardedStore, type ShardedStore, shardOf } from "@thulp-sessions/core/sharded";
import type { ListRequest, SessionRows } from "@thulp-sessions/core/store";
import { sessionOf } from "../harness/data.ts";
import { printTable } from "../harness/recording.ts";
import type { Row, Table } from "../harness/results.ts";

// A simulation: the store over many shards is the real one, and its shards answer after a time that is
// drawn. The clock that counts it is made up, so that a thousand shards take no longer than the work of this
// process.

const SHARDS = [1, 4, 16, 64, 256, 1000];
const SESSIONS = 20_000;
const PAGE = 50;
const CALLS = 200;

/** Of one call of a database: half take that, and one in a hundred five times as long (log-normal). */
const MEDIAN_MS = 1;
const SIGMA = Math.log(5) / 2.326;
/** One call in so many stands still: a checkpoint, a garbage collection, a lost packet. */
const ONE_IN = 1_000;
const STALL_MS = 100;

/** How long answers of up to 1,000 shards take, and what is read for them. */
export async function sharded(quick: boolean): Promise<void> {
  const pages: Row[] = [];
  const counts: Row[] = [];
  const gets: Row[] = [];
  for (const shards of quick ? [1, 16] : SHARDS) {
    const world = new World();
    const { store, ids } = await openSimulated(world, shards);
    const name = shards === 1 ? "1 shard" : `${shards} shards`;
    const measure = (call: (n: number) => Promise<unknown>) => rowOf(name, world, quick ? 20 : CALLS, call);
    let cursor: string | undefined;
    pages.push(
      await measure(async () => {
        cursor = (await store.list({ limit: PAGE, cursor })).nextCursor ?? undefined;
      }),
    );
    counts.push(await measure(() => store.count()));
    gets.push(await measure((n) => store.head(ids[n] as SessionId)));
    await store.close();
  }
  const columns: Table["columns"] = [
    { label: "half within", unit: "ms" },
    { label: "99 % within", unit: "ms" },
    { label: "calls of shards", unit: "count" },
    { label: "sessions read", unit: "count" },
    { label: "processor time", unit: "ms" },
  ];
  const simulated = (what: string, rows: Row[]) =>
    printTable({ title: `${what} of ${SESSIONS} sessions, simulated`, columns, rows });
  simulated(`a page of ${PAGE}`, pages);
  simulated("a count", counts);
  simulated("the head of one", gets);
}

/** What the shards of one store have in common: a clock, chance, and what was asked of them. */
class World {
  now = 0;
  calls = 0;
  sessionsRead = 0;
  isRunning = false;
  /** The next one last, where it is sorted. */
  readonly #waiting: { readonly at: number; readonly wake: () => void }[] = [];
  #isSorted = true;
  #seed = 20_261_129;

  /** The time that a call takes. */
  async call(): Promise<void> {
    if (!this.isRunning) return;
    this.calls++;
    const at = this.now + this.#latency();
    await new Promise<void>((wake) => {
      this.#waiting.push({ at, wake });
      this.#isSorted = false;
    });
  }

  /** Lets the time go by until the work is done. */
  async run(work: Promise<unknown>): Promise<void> {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    while (!isDone) {
      // Whatever follows from what has been answered so far.
      await new Promise((resolve) => setImmediate(resolve));
      if (!this.#isSorted) this.#waiting.sort((a, b) => b.at - a.at);
      this.#isSorted = true;
      const next = this.#waiting.pop();
      this.now = next?.at ?? this.now;
      next?.wake();
    }
    await done;
  }

  #latency(): number {
    if (this.#random() * ONE_IN < 1) return STALL_MS;
    const normal = Math.sqrt(-2 * Math.log(1 - this.#random())) * Math.cos(2 * Math.PI * this.#random());
    return MEDIAN_MS * Math.exp(SIGMA * normal);
  }

  /** 0 to 1, the same numbers in every run (mulberry32). */
  #random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}

/** A shard whose calls take their time. Its sessions are sorted already: what is measured is the merging. */
class SimulatedShard extends MemoryStore {
  readonly #world: World;
  readonly #newestFirst: SessionMetadata[] = [];

  constructor(world: World) {
    super();
    this.#world = world;
  }

  put(metadata: SessionMetadata): void {
    this.#newestFirst.push(metadata);
  }

  protected override async doList({ after, limit }: ListRequest): Promise<SessionRows> {
    await this.#world.call();
    const from = after ? this.#firstBefore(after.time) : 0;
    const items = this.#newestFirst.slice(from, from + limit);
    this.#world.sessionsRead += items.length;
    return { items, hasMore: from + limit < this.#newestFirst.length };
  }

  #firstBefore(time: number): number {
    let [low, high] = [0, this.#newestFirst.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#newestFirst[middle]?.updatedAt ?? 0) < time) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  protected override async doCount(): Promise<number> {
    await this.#world.call();
    return this.#newestFirst.length;
  }

  protected override async doHead(...[id]: Parameters<MemoryStore["head"]>): Promise<never> {
    await this.#world.call();
    const metadata = this.#newestFirst.find((each) => each.id === id);
    const counts = { entryCount: 0, turnCount: 0, userMessageCount: 0, assistantMessageCount: 0 };
    return { metadata, context: {}, ...counts, version: "1", epoch: "1" } as never;
  }
}

async function openSimulated(
  world: World,
  count: number,
): Promise<{ store: ShardedStore; ids: readonly string[] }> {
  const shards = Array.from({ length: count }, () => new SimulatedShard(world));
  const store = await openShardedStore({
    shards: shards.map((shard, i) => ({ name: `simulated ${i + 1}`, open: async () => shard })),
  });
  const ids: string[] = [];
  for (let updatedAt = SESSIONS; updatedAt > 0; updatedAt--) {
    const { metadata } = sessionOf(newUuid(), { updatedAt });
    shards[shardOf(metadata.id, count)]?.put(metadata);
    ids.push(metadata.id);
  }
  return { store, ids };
}

/** Of so many calls, one after the other. */
async function rowOf(
  name: string,
  world: World,
  times: number,
  call: (n: number) => Promise<unknown>,
): Promise<Row> {
  const took: number[] = [];
  world.calls = 0;
  world.sessionsRead = 0;
  world.isRunning = true;
  const before = process.cpuUsage();
  for (let n = 0; n < times; n++) {
    const start = world.now;
    await world.run(call(n));
    took.push(world.now - start);
  }
  const { user, system } = process.cpuUsage(before);
  world.isRunning = false;
  took.sort((a, b) => a - b);
  const within = (share: number) => took[Math.ceil(share * times) - 1] ?? 0;
  const cpu = (user + system) / 1000 / times;
  return { name, cells: [within(0.5), within(0.99), world.calls / times, world.sessionsRead / times, cpu] };
}
