import { invalidInput, isSessionError } from "../model/errors.ts";
import { isCanonicalUuid, parseSessionId } from "../model/ids.ts";
import type { StoredEntry } from "../model/model.ts";
import { keptSince } from "../rules/epoch.ts";
import type { EntryPage, SessionStore } from "../store/session-store.ts";
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

/** What was delivered: everything up to an entry, of an epoch. */
interface Position {
  /** -1 before the first entry. */
  readonly seq: number;
  readonly id: string;
  /** `null` before the first page, and in tokens of before there were epochs. */
  readonly epoch: string | null;
}

const START: Position = { seq: -1, id: "", epoch: null };
const PAGE = 100;

/**
 * Follows the entries of a session: those after the token, then every new one. `return()` ends it
 * immediately, also while `next()` waits for a change.
 *
 * What was delivered is what is stored as long as the session's epoch is the same. Files that other programs
 * write have none that they would change: so the entry at the position is looked at too.
 *
 * States of a subscription:
 * - replaying: it reads pages after its position and delivers their entries. Where the epoch is another, or
 *   another entry is at the position, it emits `rewound` with as many entries as are known to be the same,
 *   and replays from there. After a token of another epoch that is none of them.
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
  /** Whether all up to the position was delivered by this subscription, and not by one before it. */
  let isLive = after === undefined;
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
        const step = await nextStep(feed, position, isLive).catch((error) => {
          if (hasExisted && isSessionError(error, "not_found")) return "deleted" as const;
          throw error;
        });
        hasExisted = true;
        if (step === "deleted") {
          yield { type: "deleted", token: tokenOf(START) };
          return;
        }
        isLive = true;
        const { epoch } = step;
        position = step.rewoundTo ?? { ...position, epoch };
        if (step.rewoundTo) yield { type: "rewound", entryCount: position.seq + 1, token: tokenOf(position) };
        for (const entry of step.entries) {
          if (signal.aborted) return;
          position = { seq: entry.seq, id: entry.id, epoch };
          yield { type: "entry", entry, token: tokenOf(position) };
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
  /** Of which the entries are. */
  readonly epoch: string;
  /** Where to replay from, when the session was rewound. */
  readonly rewoundTo?: Position;
}

/**
 * The entries after `position`, if what was delivered is still there; else where to replay from.
 *
 * @param isLive it was delivered by this subscription, and not by one before it.
 */
async function nextStep(feed: SessionFeed, position: Position, isLive: boolean): Promise<Step> {
  const { seq, id } = position;
  if (seq < 0) {
    const page = await feed.read({ limit: PAGE });
    return stepOf(page, page.items);
  }
  const page = await feed.read({ after: seq - 1, limit: PAGE + 1 });
  if (isOtherEpoch(position, page)) return rewind(feed, position, page, isLive);
  const [first, ...rest] = page.items;
  if (first?.seq !== seq || first.id !== id) return rewoundToStart(page);
  if (rest.length > 0 || page.nextCursor === null) return stepOf(page, rest);
  // The entry at the position fills a page by itself: what follows is read without it.
  const next = await feed.read({ after: seq, limit: PAGE });
  const now = { ...position, epoch: page.epoch };
  return isOtherEpoch(now, next) ? rewind(feed, now, next, isLive) : stepOf(next, next.items);
}

function isOtherEpoch({ epoch }: Position, page: EntryPage): boolean {
  return epoch !== null && epoch !== page.epoch;
}

/** Back to the last entry that has stayed, as far as that is known. */
async function rewind(
  feed: SessionFeed,
  position: Position,
  page: EntryPage,
  isLive: boolean,
): Promise<Step> {
  const { epoch } = page;
  const kept = isLive ? keptSince(position.epoch ?? "", epoch) : 0;
  // All that was delivered has stayed: then there is nothing to tell.
  if (kept > position.seq) return { entries: [], caughtUp: false, epoch };
  if (kept === 0) return rewoundToStart(page);
  const last = await feed.read({ after: kept - 2, before: kept });
  const [entry] = last.items;
  if (!entry || last.epoch !== epoch) return rewoundToStart(last);
  return { entries: [], caughtUp: false, epoch, rewoundTo: { seq: entry.seq, id: entry.id, epoch } };
}

function stepOf({ nextCursor, epoch }: EntryPage, entries: readonly StoredEntry[]): Step {
  return { entries, caughtUp: nextCursor === null, epoch };
}

function rewoundToStart({ epoch }: EntryPage): Step {
  return { entries: [], caughtUp: false, epoch, rewoundTo: { ...START, epoch } };
}

/**
 * The token with which a subscription continues after this entry, as if it had delivered it.
 *
 * @param epoch of the page that the entry was read with. Without it only a change of the entry itself is
 * noticed, not one of those before it.
 */
export function entryToken({ seq, id }: Pick<StoredEntry, "seq" | "id">, epoch?: string): string {
  return tokenOf({ seq, id, epoch: epoch ?? null });
}

function tokenOf({ seq, id, epoch }: Position): string {
  if (seq < 0) return "start";
  return epoch === null ? `${seq}.${id}` : `${seq}.${id}.${epoch}`;
}

function parseToken(token: string): Position {
  if (token === "start") return START;
  const [, seq, id, epoch] = /^(\d{1,15})\.([^.]*)(?:\.(.+))?$/s.exec(token) ?? [];
  if (seq === undefined || id === undefined || !isCanonicalUuid(id)) {
    throw invalidInput(
      "The subscription token is not valid. Subscribe without it to start from the beginning.",
      {
        field: "after",
      },
    );
  }
  return { seq: Number(seq), id, epoch: epoch ?? null };
}
