import { newUuid, type SessionId, type SessionStore } from "@thulp-sessions/core";
import fc from "fast-check";
import { type Below, Clock, runClient } from "./clients.ts";
import { type Operation, unexplained } from "./linearizable.ts";

/** Ten minutes over all stores with SOAK=1, a small part of one without. */
export const ROUNDS = process.env["SOAK"] === "1" ? 300 : 10;
/**
 * Stands in the message of a failure, and is taken from SEED to make the same calls again; what happens at
 * the same time may differ.
 */
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const CLIENTS = 6;
const CALLS = 50;
const SESSIONS = 2;

/**
 * Histories of callers who call about the same sessions at the same time, each through one of the handles.
 *
 * @returns the first history of a session that no order of its calls explains, as text; `null` for none.
 */
export async function findUnexplained(
  handles: readonly SessionStore[],
  rounds: number,
): Promise<string | null> {
  for (let round = 0; round < rounds; round++) {
    const seed = SEED + round;
    const ids = Array.from({ length: SESSIONS }, () => newUuid() as SessionId);
    const clock = new Clock();
    const histories = await Promise.all(
      Array.from({ length: CLIENTS }, (_, client) =>
        runClient(client, handles[client % handles.length] as SessionStore, ids, {
          calls: CALLS,
          below: belowOf(seed * CLIENTS + client),
          clock,
        }),
      ),
    );
    for (const id of ids) {
      const operations = histories.flatMap((history) => history.get(id) ?? []);
      const operation = unexplained(operations);
      if (operation) return describe(operations, operation, seed);
    }
  }
  return null;
}

function belowOf(seed: number): Below {
  const numbers = fc.sample(fc.noBias(fc.nat()), { seed, numRuns: 10 * CALLS });
  let next = 0;
  return (end) => (numbers[next++ % numbers.length] as number) % end;
}

function describe(operations: readonly Operation[], unexplained: Operation, seed: number): string {
  const lines = operations.toSorted((a, b) => a.start - b.start).map(lineOf);
  return [`SEED=${seed}: no order explains ${lineOf(unexplained)}`, "All calls:", ...lines].join("\n");
}

function lineOf({ client, call, answer, start, end }: Operation): string {
  return `${start} to ${end}, client ${client}: ${JSON.stringify(call)} -> ${JSON.stringify(answer)}`;
}
