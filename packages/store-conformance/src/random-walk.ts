import {
  COUNTED_FIELDS,
  ENTRY_TYPE_NAMES,
  SESSION_STATUSES,
  type SessionChange,
  type SessionEntry,
  type SessionLimits,
  type SessionStore,
} from "@thulp-sessions/core";
import { EVERY_ENTRY_TYPE, makeEntry, makeSession, range, sessionId, T0 } from "./fixtures.ts";
import { generatedFilter, generatedSearchText, generatedText } from "./generated.ts";
import { Random } from "./random.ts";

/** A call that can be made on several stores, and means the same on each. */
export interface Step {
  readonly name: string;
  /** The session that it is about. */
  readonly session: number;
  readonly call: (store: SessionStore) => Promise<unknown>;
}

/** Random calls on a handful of sessions and entries, so that they meet one another. */
export class RandomWalk {
  readonly #random: Random;
  #now = T0;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  next(): Step {
    // Longer than most functions: it is a table, a row for each call that a walk may make.
    const random = this.#random;
    const n = random.below(5);
    const id = sessionId(n);
    // Mostly forward, sometimes back: clocks do.
    this.#now += random.below(4) - 1;
    const at = this.#now;
    const expected = this.#expectedVersion(id);
    const steps: [number, string, () => Step["call"]][] = [
      [3, "create", () => this.#with(this.#session(n), (session) => (store) => store.create(session))],
      [
        8,
        "append",
        () => {
          const [entries, limits] = [this.#entries(), this.#limits()];
          return async (store) =>
            store.append(id, entries, { at, limits, expectedVersion: await expected(store) });
        },
      ],
      [
        4,
        "append with keep",
        () => {
          const [entries, limits, keep] = [this.#entries(), this.#limits(), random.below(8)];
          const isStale = random.chance(0.2);
          const contexts = this.#contextChange();
          return async (store) => {
            const current = await store.head(id).catch(() => undefined);
            const expectedVersion = isStale ? "stale" : (current?.version ?? "none");
            return store.append(id, entries, { at, limits, keep, expectedVersion, ...contexts });
          };
        },
      ],
      [
        2,
        "append with context",
        () => {
          const [entries, contexts] = [this.#entries(), this.#contextChange()];
          return (store) => store.append(id, entries, { at, ...contexts });
        },
      ],
      [
        4,
        "update",
        () =>
          this.#with(
            this.#change(),
            (change) => async (store) =>
              store.update(id, change, { at, expectedVersion: await expected(store) }),
          ),
      ],
      [
        2,
        "truncate",
        () =>
          this.#with(
            random.below(7),
            (count) => async (store) =>
              store.truncate(id, count, { at, expectedVersion: await expected(store) }),
          ),
      ],
      [
        1,
        "replace",
        () =>
          this.#with(
            this.#session(n),
            (session) => async (store) => store.replace(session, { expectedVersion: await expected(store) }),
          ),
      ],
      [1, "delete", () => async (store) => store.delete(id, { expectedVersion: await expected(store) })],
      [3, "get", () => (store) => store.get(id)],
      [3, "head", () => (store) => store.head(id)],
      [
        3,
        "readEntries",
        () => this.#with(this.#entriesQuery(), (query) => (store) => store.readEntries(id, query)),
      ],
      [2, "list", () => this.#with(this.#listQuery(), (query) => (store) => store.list(query))],
      [
        1,
        "count by value",
        () => {
          const [filter, by] = [generatedFilter(random, 1), random.pick(COUNTED_FIELDS)];
          const limit = 1 + random.below(9);
          return (store) => store.count(filter, { by, limit });
        },
      ],
      [1, "count", () => this.#with(generatedFilter(random, 2), (filter) => (store) => store.count(filter))],
      [
        3,
        "search",
        () =>
          this.#with(
            { text: generatedSearchText(random), limit: 1 + random.below(20) },
            (query) => (store) => store.search(query),
          ),
      ],
    ];
    const [, name, make] = random.pick(steps.flatMap((step) => range(0, step[0]).map(() => step)));
    return { name: `${name} of session ${n}`, session: n, call: make() };
  }

  /** The arguments are drawn once, so that every store gets the same. */
  #with<T>(argument: T, call: (argument: T) => Step["call"]): Step["call"] {
    return call(argument);
  }

  /** Mostly none, sometimes the current one, sometimes a stale one. */
  #expectedVersion(id: string): (store: SessionStore) => Promise<string | undefined> {
    const kind = this.#random.below(10);
    if (kind > 1) return async () => undefined;
    if (kind === 0) return async () => "stale";
    return async (store) => (await store.head(id).catch(() => undefined))?.version;
  }

  #session(n: number) {
    const random = this.#random;
    return makeSession(n, {
      name: generatedText(random),
      createdAt: this.#now - random.below(3),
      updatedAt: this.#now + random.below(3),
      tags: random.some(["a", "b", "b", ""], 0, 3),
      status: random.pick(SESSION_STATUSES),
      parentSession: random.chance(0.3) ? sessionId(random.below(6)) : null,
      context: Object.fromEntries(
        random.some(["p", "q", "__proto__", ""], 0, 3).map((key) => [key, random.below(9)]),
      ),
      entries: this.#entries(),
    });
  }

  #entries(): SessionEntry[] {
    const random = this.#random;
    return Array.from({ length: random.below(4) }, () => {
      const n = random.below(14);
      // As a rule the same content under the same id, so that most meetings are repeats.
      const content = random.chance(0.9) ? new Random(n) : random;
      const type = EVERY_ENTRY_TYPE[(n * 3) % EVERY_ENTRY_TYPE.length] ?? { type: "user_message" };
      return makeEntry(n, type, { text: generatedText(content) }, this.#now + random.below(5));
    });
  }

  #limits(): SessionLimits | undefined {
    const random = this.#random;
    if (random.chance(0.6)) return undefined;
    return {
      action: random.pick(["error", "end_session", "ignore"]),
      ...(random.chance(0.5) ? { maxTurns: random.below(4) } : {}),
      ...(random.chance(0.5) ? { maxEntries: random.below(10) } : {}),
      ...(random.chance(0.3) ? { maxDurationMs: random.below(200) } : {}),
    };
  }

  #contextChange(): Pick<SessionChange, "setContext" | "removeContext"> {
    const random = this.#random;
    const keys = ["p", "q", "r"];
    return {
      ...(random.chance(0.3) ? { setContext: { [random.pick(keys)]: random.below(99) } } : {}),
      ...(random.chance(0.2) ? { removeContext: random.some(keys, 1, 2) } : {}),
    };
  }

  #change(): SessionChange {
    const random = this.#random;
    return {
      ...(random.chance(0.3) ? { name: generatedText(random) } : {}),
      ...(random.chance(0.3) ? { status: random.pick(SESSION_STATUSES) } : {}),
      ...(random.chance(0.3) ? { tags: random.some(["a", "b", "c"], 0, 3) } : {}),
      ...(random.chance(0.2)
        ? { parentSession: random.chance(0.5) ? null : sessionId(random.below(6)) }
        : {}),
      ...this.#contextChange(),
    };
  }

  #entriesQuery() {
    const random = this.#random;
    return {
      ...(random.chance(0.3) ? { after: random.below(10) - 1 } : {}),
      ...(random.chance(0.3) ? { before: random.below(12) } : {}),
      ...(random.chance(0.3) ? { types: random.some(ENTRY_TYPE_NAMES, 0, 3) } : {}),
      ...(random.chance(0.2)
        ? { last: 1 + random.below(4) }
        : { limit: 1 + random.below(8), direction: random.pick(["asc", "desc"] as const) }),
    };
  }

  #listQuery() {
    const random = this.#random;
    return {
      limit: 1 + random.below(6),
      orderBy: random.pick(["updatedAt", "createdAt"] as const),
      direction: random.pick(["asc", "desc"] as const),
      ...(random.chance(0.4) ? { filter: generatedFilter(random, 2) } : {}),
    };
  }
}
