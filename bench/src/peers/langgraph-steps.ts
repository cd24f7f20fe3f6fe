import { join } from "node:path";
import { ThulpSaver } from "@thulp-sessions/langgraph";
import { openFileStore } from "@thulp-sessions/store-fs";
import { openSqliteStore } from "@thulp-sessions/store-sqlite";
import { withFolder } from "../harness/compare.ts";
import { installPeers, loadPeer } from "../harness/peer-packages.ts";
import { printTable, recordFigure } from "../harness/recording.ts";
import type { Row, Spread } from "../harness/results.ts";
import { diskBytes, folderIn } from "./disk-bytes.ts";

type Durability = "full" | "relaxed";

const THEIRS = "langgraph-checkpoint-sqlite";
const MESSAGE =
  "A message of about five hundred bytes, as people and models write them to each other. ".repeat(5);

/**
 * Steps of one saver before the next has its turn: after each step, most of what one pays would be the cold
 * caches and the garbage that the others leave behind.
 */
const AT_A_TIME = 10;

interface Config {
  readonly configurable: Readonly<Record<string, string>>;
}
interface Saver {
  put(config: Config, checkpoint: never, metadata: never, versions: Record<string, number>): Promise<unknown>;
  putWrites(config: Config, writes: [string, unknown][], task: string): Promise<void>;
}
interface SqliteSaver extends Saver {
  readonly db: { pragma(source: string): unknown; close(): void };
  setup(): void;
}
interface Peers {
  readonly emptyCheckpoint: () => object;
  readonly uuid6: (clockseq: number) => string;
  readonly HumanMessage: new (fields: { id: string; content: string }) => object;
}

/** One saver that takes the steps of one thread. */
interface Stepper {
  readonly name: string;
  readonly folder: string;
  step(): Promise<void>;
  close(): Promise<void> | void;
}

/**
 * A thread of LangGraph that grows by one message of 500 bytes with each step, `putWrites` and `put`: theirs
 * and ours in turns, ten steps at a time. What counts is a step at the end, and what is left on the disk.
 */
export async function langgraphSteps(quick: boolean): Promise<void> {
  const steps = quick ? 30 : 1_000;
  const last = quick ? 10 : 100;
  const title = `a LangGraph thread of ${steps.toLocaleString("en")} steps, a message of 500 bytes each`;
  const missing = installPeers();
  const columns = [
    { label: "a step at the end", unit: "us" },
    { label: "on disk", unit: "bytes" },
  ] as const;
  if (missing !== undefined) {
    const rows = [{ name: THEIRS, cells: [], skipped: missing }];
    printTable({ title, columns, rows });
    return;
  }
  await withFolder(async (folder) => {
    const steppers = await openAll(folder);
    const times = steppers.map((): number[] => []);
    for (let done = 0; done < steps; done += AT_A_TIME) {
      for (const [i, stepper] of steppers.entries()) {
        for (let step = done; step < done + AT_A_TIME; step++) {
          const began = performance.now();
          await stepper.step();
          if (step >= steps - last) times[i]?.push((performance.now() - began) * 1000);
        }
      }
    }
    for (const stepper of steppers) await stepper.close();
    const bytes = steppers.map((stepper) => diskBytes(stepper.folder));
    const rows = steppers.map(
      ({ name }, i): Row => ({ name, cells: [spread(times[i] ?? []), bytes[i] ?? 0] }),
    );
    printTable({ title, columns, rows });
    for (const [i, { name }] of steppers.entries()) {
      if (name.startsWith(THEIRS)) continue;
      // Of the same durability: theirs is relaxed by default (WAL, `synchronous=NORMAL`).
      const other = name.includes("full") ? 1 : 0;
      recordFigure({ what: `${name}: disk against ${THEIRS}`, value: (bytes[i] ?? 0) / (bytes[other] ?? 1) });
      const ratios = spread((times[i] ?? []).map((time, n) => time / (times[other]?.[n] ?? time)));
      const { median: value, low, high } = ratios;
      recordFigure({ what: `${name}: a step against ${THEIRS}`, value, low, high });
    }
  });
}

async function openAll(folder: string): Promise<Stepper[]> {
  const [{ SqliteSaver }, { emptyCheckpoint, uuid6 }, { HumanMessage }] = await Promise.all([
    loadPeer<{ SqliteSaver: { fromConnString(path: string): SqliteSaver } }>("langgraphSqlite"),
    loadPeer<Pick<Peers, "emptyCheckpoint" | "uuid6">>("langgraph"),
    loadPeer<Pick<Peers, "HumanMessage">>("langchainMessages"),
  ]);
  const peers = { emptyCheckpoint, uuid6, HumanMessage };
  const theirs = (durability: Durability): Stepper => {
    const own = folderIn(folder, `theirs-${durability}`);
    const saver = SqliteSaver.fromConnString(join(own, "langgraph.db"));
    saver.setup();
    if (durability === "full") saver.db.pragma("synchronous = FULL");
    const name = `${THEIRS}, ${durability}`;
    return { name, folder: own, step: steps(peers, saver), close: () => saver.db.close() };
  };
  const ours = async (
    kind: "sqlite" | "fs",
    durability: Durability,
    trustItems: boolean,
  ): Promise<Stepper> => {
    const own = folderIn(folder, `${kind}-${durability}-${trustItems}`);
    const store =
      kind === "sqlite"
        ? await openSqliteStore({ file: join(own, "sessions.db"), durability })
        : await openFileStore({ dir: join(own, "sessions"), durability });
    const name = `store-${kind}, ${durability}${trustItems ? ", trustItems" : ""}`;
    const saver = saverOf(new ThulpSaver(store, { trustItems }));
    return { name, folder: own, step: steps(peers, saver), close: () => store.close() };
  };
  return [
    theirs("relaxed"),
    theirs("full"),
    await ours("sqlite", "relaxed", false),
    await ours("sqlite", "relaxed", true),
    await ours("sqlite", "full", true),
    await ours("fs", "relaxed", true),
  ];
}

/** The peers' types are another copy of the same package. */
function saverOf(saver: ThulpSaver): Saver {
  return saver as unknown as Saver;
}

function steps({ emptyCheckpoint, uuid6, HumanMessage }: Peers, saver: Saver): () => Promise<void> {
  let config: Config = { configurable: { thread_id: "thread", checkpoint_ns: "" } };
  let messages: object[] = [];
  return async () => {
    const step = messages.length;
    const message = new HumanMessage({ id: `message ${step}`, content: `${step} ${MESSAGE}` });
    if (step > 0) await saver.putWrites(config, [["messages", [message]]], `task ${step}`);
    messages = [...messages, message];
    const versions = { messages: step + 1 };
    const id = uuid6(step);
    const checkpoint = { ...emptyCheckpoint(), id, channel_values: { messages }, channel_versions: versions };
    const metadata = { source: "loop", step, parents: {} };
    config = (await saver.put(config, checkpoint as never, metadata as never, versions)) as Config;
  };
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((x, y) => x - y);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
  return { median: at(0.5), low: at(0.25), high: at(0.75), windows: values.length };
}
