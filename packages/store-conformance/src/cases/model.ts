import { isSessionError, type SessionStore } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { deepEqual } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { RandomWalk } from "../random-walk.ts";

const STEPS = 300;
const CLAUSES = [
  "CALL-2",
  "CALL-3",
  "CALL-5",
  "HEAD-1",
  "HEAD-2",
  "UPDATE-1",
  "APPEND-1",
  "APPEND-4",
  "APPEND-7",
  "APPEND-14",
  "APPEND-20",
  "KEEP-1",
  "KEEP-2",
  "KEEP-3",
  "KEEP-6",
  "EPOCH-1",
  "EPOCH-2",
  "EPOCH-3",
  "LIMIT-2",
  "READ-6",
  "TRUNCATE-1",
  "REPLACE-1",
  "DELETE-2",
  "LIST-2",
  "COUNT-1",
  "COUNT-2",
  "FILTER-1",
  "SEARCH-9",
  "SEARCH-15",
  "TIME-2",
  "TIME-3",
];

export const modelCases: readonly ConformanceCase[] = [1, 2, 3, 4].map((seed) =>
  conformanceCase(
    `model-walk-${seed}`,
    CLAUSES,
    `${STEPS} random calls give what the memory store gives (${seed})`,
    async (store) => {
      const model = new MemoryStore();
      const walk = new RandomWalk(seed);
      const epochs = new EpochPairs();
      for (let step = 0; step < STEPS; step++) {
        const { name, session, call } = walk.next();
        const [actual, expected] = [await outcome(call, store), await outcome(call, model)];
        deepEqual(actual.rest, expected.rest, `step ${step}, ${name}`);
        const pair = [actual, expected].map(({ epoch }) => epoch && `${epoch} of session ${session}`);
        epochs.compare(pair[0], pair[1], `step ${step}, ${name}`);
      }
      await model.close();
    },
  ),
);

/** Epochs are each store's own: each of a session in one store goes with one of it in the other. */
class EpochPairs {
  readonly #expected = new Map<unknown, unknown>();
  readonly #actual = new Map<unknown, unknown>();

  compare(actual: unknown, expected: unknown, what: string): void {
    const before = [this.#expected.get(actual) ?? expected, this.#actual.get(expected) ?? actual];
    deepEqual([expected, actual], before, `${what}: the epoch, after it was another one`);
    this.#expected.set(actual, expected);
    this.#actual.set(expected, actual);
  }
}

interface Outcome {
  readonly epoch?: unknown;
  readonly rest: unknown;
}

/** What came of the call, without the versions, which are each store's own. */
async function outcome(
  call: (store: SessionStore) => Promise<unknown>,
  store: SessionStore,
): Promise<Outcome> {
  try {
    return withoutVersions(await call(store));
  } catch (error) {
    if (!isSessionError(error)) throw error;
    const { currentVersion, ...details } = error.details;
    return { rest: { refused: error.code, stale: currentVersion !== undefined, details } };
  }
}

function withoutVersions(answer: unknown): Outcome {
  if (typeof answer !== "object" || answer === null) return { rest: answer };
  const { version: _, epoch, nextCursor, ...rest } = answer as Record<string, unknown>;
  return { epoch, rest: { ...rest, hasMore: nextCursor !== undefined && nextCursor !== null } };
}
