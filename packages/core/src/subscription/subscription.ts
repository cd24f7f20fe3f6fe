import { invalidInput, isSessionError } from "../model/errors.ts";
import { isCanonicalUuid, parseSessionId } from "../model/ids.ts";
import type { StoredEntry } from "../model/model.ts";
import type { SessionStore } from "../store/session-store.ts";
import { SessionFeed } from "./session-feed.ts";

/**
 * An event of a subscription. Applied in order to an empty list, the events always give the stored entries.
 */
export type SubscriptionEvent =
  /** The next entry of the session: it follows all those before it. */
  | { readonly type: "entry"; readonly entry: StoredEntry; readonly token: string }
  /**
   * Only the first `entryCount` entries are still what they were; drop the others. The next events bring what
   * followed.
   */
  | { readonly type: "rewound"; readonly entryCount: number; readonly token: string }
  /** The session was deleted; the subscription ends. */
  | { readonly type: "deleted"; readonly token: string };

/** Where a subscription starts, and what ends it. */
export interface SubscribeOptions {
  /**
   * The token of the last event that was handled: the next one is what follows it. Everything from the start
   * when absent.
   */
  readonly after?: string | undefined;
  /** Ends the subscription. */
  readonly signal?: AbortSignal | undefined;
}

/** The last entry that was delivered; `seq` is -1 before the first. */
interface Position {
  readonly seq: number;
  readonly id: string;
}

const START: Position = { seq: -1, id: "" };
const PAGE = 100;
/** How many ids of delivered entries are kept, to find out how far a rewind went. */
const MAX_DELIVERED_IDS = 1000;

/**
 * Follows the entries of a session: those after the token, then every new one. `return()` ends it
 * immediately, also while `next()` waits for a change.
 *
 * An entry is identified by its id and its `seq`, and the last one that was delivered represents those before
 * it: a `replace` that keeps that entry at its `seq` is not noticed. Rewinds and all other changes are.
 *
 * States of a subscription:
 * - replaying: it reads pages after its position and delivers their entries. Where the entry at the position
 *   is no longer the one that was delivered, it emits `rewound` with the last entry that is, and replays from
 *   there.
 * - caught up: the last page was the end of the session; it waits if nothing has changed since before that
 *   read.
 * - waiting: for the next change of the session, from its {@link SessionFeed}; then it replays.
 * - ended: by the signal, by `return()`, by the end of the feed, or with `deleted`.
 *
 * @throws {SessionError} not_found when there is no such session and no token; invalid_input for an invalid
 *   token.
 */
export function subscribe(
  store: SessionStore,
  id: string,
  { after, signal }: SubscribeOptions = {},
): AsyncGenerator<SubscriptionEvent, void, undefined> {
  // A generator's own `return()` waits for a pending `next()`: the inner signal ends that one.
  const ending = new AbortController();
  const events = follow(store, id, after, signal, ending);
  const finish = events.return.bind(events);
  const end = (): Promise<IteratorResult<SubscriptionEvent, void>> => {
    ending.abort();
    return finish();
  };
  return Object.assign(events, {
    return: end,
    // Generators of Node 20 have none.
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
  let position = after === undefined ? START : parseToken(after);
  /** The ids of the entries that were delivered last, by `seq`. */
  const delivered = new Map<number, string>();
  const { signal } = ending;
  const end = () => ending.abort();
  if (outerSignal?.aborted) return;
  outerSignal?.addEventListener("abort", end);
  let feed: SessionFeed | undefined;
  let hasExisted = after !== undefined;
  let seen: number;
  try {
    // Watch before reading: otherwise what is written in between would be missed.
    feed = await SessionFeed.join(store, id, signal);
    do {
      for (;;) {
        if (signal.aborted) return;
        seen = feed.generation;
        const step = await nextStep(feed, position, delivered).catch((error) => {
          if (hasExisted && isSessionError(error, "not_found")) return "deleted" as const;
          throw error;
        });
        hasExisted = true;
        if (step === "deleted") {
          yield { type: "deleted", token: tokenOf(START) };
          return;
        }
        if (step.rewoundTo) {
          position = step.rewoundTo;
          for (const seq of delivered.keys()) if (seq > position.seq) delivered.delete(seq);
          yield { type: "rewound", entryCount: position.seq + 1, token: tokenOf(position) };
        }
        for (const entry of step.entries) {
          if (signal.aborted) return;
          position = entry;
          delivered.set(entry.seq, entry.id);
          if (delivered.size > MAX_DELIVERED_IDS) delivered.delete(entry.seq - MAX_DELIVERED_IDS);
          yield { type: "entry", entry, token: tokenOf(entry) };
        }
        if (step.caughtUp) break;
        // Lets timers and I/O run during a long replay: stores may answer without leaving the microtask
        // queue.
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
  /** Where to replay from, when the session was rewound. */
  readonly rewoundTo?: Position;
}

/**
 * The entries after `position`, if the entry there is still the one that was delivered; else where to replay
 * from.
 */
async function nextStep(
  feed: SessionFeed,
  position: Position,
  delivered: ReadonlyMap<number, string>,
): Promise<Step> {
  if (position.seq < 0) {
    const { items, nextCursor } = await feed.read({ limit: PAGE });
    return { entries: items, caughtUp: nextCursor === null };
  }
  const { items, nextCursor } = await feed.read({ after: position.seq - 1, limit: PAGE + 1 });
  const [first, ...rest] = items;
  if (isAt(position, first)) {
    if (rest.length > 0 || nextCursor === null) return { entries: rest, caughtUp: nextCursor === null };
    // The entry at the position fills a page by itself: what follows is read without it, and then it is
    // looked at again, so that what was read is sure to follow it.
    const next = await feed.read({ after: position.seq, limit: PAGE });
    const again = await feed.read({ after: position.seq - 1, before: position.seq + 1 });
    if (isAt(position, again.items[0])) return { entries: next.items, caughtUp: next.nextCursor === null };
  }
  return { entries: [], caughtUp: false, rewoundTo: await lastCommon(feed, position, delivered) };
}

function isAt(position: Position, entry: StoredEntry | undefined): boolean {
  return entry?.seq === position.seq && entry.id === position.id;
}

/** The last delivered entry that is still there, as are all remembered ones before it. */
async function lastCommon(
  feed: SessionFeed,
  position: Position,
  delivered: ReadonlyMap<number, string>,
): Promise<Position> {
  const items: Position[] = [];
  for (let before = position.seq + 1; ; ) {
    const page = await feed.read({ before, direction: "desc", limit: MAX_DELIVERED_IDS });
    for (const { seq, id } of page.items) items.push({ seq, id });
    before = page.items.at(-1)?.seq ?? 0;
    // Pages of large entries end early.
    if (page.nextCursor === null || items.length >= MAX_DELIVERED_IDS || before === 0) break;
  }
  const remembered = items.filter(({ seq }) => delivered.has(seq)).reverse();
  const changed = remembered.findIndex((entry) => delivered.get(entry.seq) !== entry.id);
  return (changed < 0 ? remembered.at(-1) : remembered[changed - 1]) ?? START;
}

/** The token with which a subscription continues after this entry, as if it had delivered it. */
export function entryToken({ seq, id }: Pick<StoredEntry, "seq" | "id">): string {
  return tokenOf({ seq, id });
}

function tokenOf({ seq, id }: Position): string {
  return seq < 0 ? "start" : `${seq}.${id}`;
}

function parseToken(token: string): Position {
  if (token === "start") return START;
  const [, seq, id] = /^(\d{1,15})\.(.*)$/s.exec(token) ?? [];
  if (seq === undefined || id === undefined || !isCanonicalUuid(id)) {
    throw invalidInput(
      "The subscription token is not valid. Subscribe without it to start from the beginning.",
      {
        field: "after",
      },
    );
  }
  return { seq: Number(seq), id };
}
