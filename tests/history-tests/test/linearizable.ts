import { type Answer, type Call, type ModelState, step } from "./session-model.ts";

/** A call of a history, and when it began and was answered: numbers that rise with time. */
export interface Operation {
  readonly client: number;
  readonly call: Call;
  readonly answer: Answer;
  readonly start: number;
  readonly end: number;
}

/** The begin of an operation, or its end, in a list from which operations are taken out and put back. */
interface Event {
  readonly operation: number;
  readonly isStart: boolean;
  other: Event | null;
  before: Event | null;
  after: Event | null;
}

/**
 * Is there an order of these calls about one session that explains all answers, in which each takes effect at
 * some moment between its begin and its end? The algorithm is that of Wing and Gong with the memory of Lowe
 * ("Testing for linearizability", 2017).
 *
 * @returns `null` when there is one; else the operation that the order which explains the most calls cannot
 *   be continued with.
 */
export function unexplained(operations: readonly Operation[]): Operation | null {
  const first: Event = { operation: -1, isStart: true, other: null, before: null, after: null };
  link(first, operations);
  let state: ModelState = null;
  let done = 0n;
  const seen = new Set<string>();
  const taken: { readonly event: Event; readonly state: ModelState }[] = [];
  let event = first.after;
  let most = 0;
  let stuckAt: Operation | null = null;
  while (first.after) {
    if (event?.isStart) {
      const { call, answer } = operations[event.operation] as Operation;
      const next = step(state, call, answer);
      const doneWith = done | (1n << BigInt(event.operation));
      const key = `${doneWith.toString(36)} ${JSON.stringify(next)}`;
      if (next === undefined || seen.has(key)) event = event.after;
      else {
        seen.add(key);
        taken.push({ event, state });
        state = next;
        done = doneWith;
        takeOut(event);
        event = first.after;
      }
      continue;
    }
    // The operation that ends here had to take effect before: another choice has to be made.
    if (taken.length >= most) {
      most = taken.length;
      stuckAt = operations[event?.operation ?? 0] as Operation;
    }
    const last = taken.pop();
    if (!last) return stuckAt;
    ({ state } = last);
    done &= ~(1n << BigInt(last.event.operation));
    putBack(last.event);
    event = last.event.after;
  }
  return null;
}

function link(first: Event, operations: readonly Operation[]): void {
  const events: { readonly time: number; readonly event: Event }[] = [];
  for (const [operation, { start, end }] of operations.entries()) {
    const ends: Event = { operation, isStart: false, other: null, before: null, after: null };
    const begins: Event = { operation, isStart: true, other: ends, before: null, after: null };
    events.push({ time: start, event: begins }, { time: end, event: ends });
  }
  let last = first;
  for (const { event } of events.toSorted((a, b) => a.time - b.time)) {
    last.after = event;
    event.before = last;
    last = event;
  }
}

function takeOut(start: Event): void {
  for (const event of [start, start.other as Event]) {
    if (event.before) event.before.after = event.after;
    if (event.after) event.after.before = event.before;
  }
}

function putBack(start: Event): void {
  for (const event of [start.other as Event, start]) {
    if (event.before) event.before.after = event;
    if (event.after) event.after.before = event;
  }
}
