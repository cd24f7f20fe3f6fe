import { invalidInput, isSessionError } from "../model/errors.ts";
import { isCanonicalUuid, parseSessionId } from "../model/ids.ts";
import type { StoredEntry } from "../model/model.ts";
import type { SessionStore } from "../store/session-store.ts";
import { SessionFeed } from "./session-feed.ts";

/** What a subscription tells, in order; applied to an empty list of entries it always gives the stored ones. */
export type SubscriptionEvent =
  /** Comes after all before it. */
  | { readonly type: "entry"; readonly entry: StoredEntry; readonly token: string }
  /** Only the first `entryCount` entries are still what they were. What has followed them is told next. */
  | { readonly type: "rewound"; readonly entryCount: number; readonly token: string }
  /** The session is gone; the subscription ends. */
  | { readonly type: "deleted"; readonly token: string };

export interface SubscribeOptions {
  /** The token of the last event that was handled: tells what follows it. Absent: everything from the start. */
  readonly after?: string | undefined;
  /** Ends the subscription. */
  readonly signal?: AbortSignal | undefined;
}

/** The last entry that was told; `seq` is -1 before the first. */
interface Place {
  readonly seq: number;
  readonly id: string;
}

const START: Place = { seq: -1, id: "" };
const PAGE = 100;
/** Of how many told entries the ids are remembered, to say how far a rewind went. */
const REMEMBERED = 1000;

/**
 * Follows the entries of a session: those after the token, then every new one. `return()` ends it at once, also while
 * `next()` waits for a change.
 *
 * An entry is known by its id and its place, and the last one that was told stands for those before it: a `replace` that
 * keeps that one where it is, is not noticed. Rewinds and all other changes are.
 *
 * @throws {SessionError} not_found when there is no such session and no token; invalid_input for a token that is none.
 */
export function subscribe(
  store: SessionStore,
  id: string,
  { after, signal }: SubscribeOptions = {},
): AsyncGenerator<SubscriptionEvent, void, undefined> {
  // A generator's own `return()` waits for its `next()`: the inner signal lets that one end.
  const ending = new AbortController();
  const events = follow(store, id, after, signal, ending);
  const finish = events.return.bind(events);
  const end = (): Promise<IteratorResult<SubscriptionEvent, void>> => {
    ending.abort();
    return finish();
  };
  return Object.assign(events, {
    return: end,
    // Node 20 gives generators none.
    [Symbol.asyncDispose]: async (): Promise<void> => {
      await end();
    },
  });
}

async function* follow(
  store: SessionStore,
  sessionId: string,
  after: string | undefined,
  outerSignal: AbortSignal | undefined,
  ending: AbortController,
): AsyncGenerator<SubscriptionEvent, void, undefined> {
  const id = parseSessionId(sessionId);
  let place = after === undefined ? START : parseToken(after);
  const told = new Map<number, string>();
  const { signal } = ending;
  const end = () => ending.abort();
  if (outerSignal?.aborted) return;
  outerSignal?.addEventListener("abort", end);
  let feed: SessionFeed | undefined;
  let known = after !== undefined;
  let seen: number;
  try {
    // Watch before reading: what is written in between is then told rather than lost.
    feed = await SessionFeed.join(store, id, signal);
    do {
      for (;;) {
        if (signal.aborted) return;
        seen = feed.generation;
        const step = await nextStep(feed, place, told).catch((error) => {
          if (known && isSessionError(error, "not_found")) return "deleted" as const;
          throw error;
        });
        known = true;
        if (step === "deleted") {
          yield { type: "deleted", token: tokenOf(START) };
          return;
        }
        if (step.rewoundTo) {
          place = step.rewoundTo;
          for (const seq of told.keys()) if (seq > place.seq) told.delete(seq);
          yield { type: "rewound", entryCount: place.seq + 1, token: tokenOf(place) };
        }
        for (const entry of step.entries) {
          if (signal.aborted) return;
          place = entry;
          told.set(entry.seq, entry.id);
          if (told.size > REMEMBERED) told.delete(entry.seq - REMEMBERED);
          yield { type: "entry", entry, token: tokenOf(entry) };
        }
        if (step.caughtUp) break;
        // A long replay gives everybody else a turn: stores may answer without ever leaving the microtasks.
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    } while (await feed.changedSince(seen, signal));
  } finally {
    outerSignal?.removeEventListener("abort", end);
    feed?.leave(signal);
  }
}

interface Step {
  readonly entries: readonly StoredEntry[];
  readonly caughtUp: boolean;
  readonly rewoundTo?: Place;
}

/** The entries after `place`, if the entry at `place` is still the one that was told; else where to go on from. */
async function nextStep(feed: SessionFeed, place: Place, told: ReadonlyMap<number, string>): Promise<Step> {
  if (place.seq < 0) {
    const { items, nextCursor } = await feed.read({ limit: PAGE });
    return { entries: items, caughtUp: nextCursor === null };
  }
  const { items, nextCursor } = await feed.read({ after: place.seq - 1, limit: PAGE + 1 });
  const [first, ...rest] = items;
  if (first?.seq === place.seq && first.id === place.id)
    return { entries: rest, caughtUp: nextCursor === null };
  return { entries: [], caughtUp: false, rewoundTo: await lastCommon(feed, place, told) };
}

/** The last told entry that still stands, as do all before it that are remembered. */
async function lastCommon(
  feed: SessionFeed,
  place: Place,
  told: ReadonlyMap<number, string>,
): Promise<Place> {
  const { items } = await feed.read({ before: place.seq + 1, direction: "desc", limit: REMEMBERED });
  const remembered = items.filter(({ seq }) => told.has(seq)).reverse();
  const changed = remembered.findIndex((entry) => told.get(entry.seq) !== entry.id);
  return (changed < 0 ? remembered.at(-1) : remembered[changed - 1]) ?? START;
}

/** The token with which a subscription goes on behind this entry, as if it had told it. */
export function entryToken({ seq, id }: Pick<StoredEntry, "seq" | "id">): string {
  return tokenOf({ seq, id });
}

function tokenOf({ seq, id }: Place): string {
  return seq < 0 ? "start" : `${seq}.${id}`;
}

function parseToken(token: string): Place {
  if (token === "start") return START;
  const [, seq, id] = /^(\d{1,15})\.(.*)$/s.exec(token) ?? [];
  if (seq === undefined || id === undefined || !isCanonicalUuid(id)) {
    throw invalidInput(
      "The subscription token is not one that was given out. Subscribe without it to start anew.",
      {
        field: "after",
      },
    );
  }
  return { seq: Number(seq), id };
}
