import type { ListRequest } from "@thulp-sessions/core/store";
import type { Client } from "../connection/driver.ts";
import type { MetadataRow } from "./rows.ts";
import { KEPT_REVISIONS } from "./schema.ts";

// The deferred time index: everything that belongs to it is in this file.
//
// What is deferred. Every append changes a session's `updated_at`, and five indices of `sessions` and one of
// `session_tags` are ordered by it. An append does not update them: it sets the column `sessions.moving` (in
// TypeScript `timeIndexPending`) to 1. The indices on `updated_at` are partial, `WHERE moving = 0`, so the
// first append takes the session out of them and the next ones do not touch them. An append writes no row of
// `changes` either: the revision in the row of a pending session says as much.
//
// Why. With every index kept up to date an append takes 13 to 19 % longer (27.9 us against 32.1 us with 64
// callers), and a lone durable append misses its target of 1.2 times the bare statements (bench
// append-sqlite).
//
// Who flushes. BackgroundMaintenance, when nothing was written for half a second or when more than 256
// sessions are pending. A process that ends earlier leaves it to the next one that writes; nothing depends on
// when it happens.
//
// What a reader must do.
// - A list by `updatedAt` reads two parts and merges them: `readInOrder`. One by `createdAt` reads one.
// - The tags of a pending session have an old `updated_at`; a list by tag finds it in the pending part.
// - The change log reads `changes` together with the pending sessions: `ALL_CHANGES`, `LAST_REVISION`.

// All as constants within a statement, and not as parameters: only so SQLite uses the partial indices.
const IS_PENDING = "sessions.moving = 1";
const IS_INDEXED = "sessions.moving = 0";

/** For `UPDATE sessions SET`, in an append. */
export const SET_PENDING = "moving = 1";

/** A part of the sessions in the order of a list; `all` is in one order only where that is `createdAt`. */
export type ListPart = "indexed" | "pending" | "all";

export const PART_CONDITION: Record<ListPart, string | undefined> = {
  indexed: IS_INDEXED,
  pending: IS_PENDING,
  all: undefined,
};

/** The first rows of a list, at most `limit`, from the parts that it has. */
export function readInOrder<R extends Pick<MetadataRow, "id" | "updatedAt">>(
  { orderBy, direction, limit }: Pick<ListRequest, "orderBy" | "direction" | "limit">,
  read: (part: ListPart) => R[],
): R[] {
  if (orderBy === "createdAt") return read("all");
  const [pending, indexed] = [read("pending"), read("indexed")];
  if (pending.length === 0) return indexed;
  const sign = direction === "asc" ? 1 : -1;
  return [...indexed, ...pending]
    .sort((a, b) => sign * (a.updatedAt - b.updatedAt || (a.id < b.id ? -1 : 1)))
    .slice(0, limit);
}

/** The greatest revision there is, 0 before the first; as an expression. */
export const LAST_REVISION = `max(
  coalesce((SELECT max(seq) FROM changes), 0),
  coalesce((SELECT max(revision) FROM sessions WHERE ${IS_PENDING}), 0)
)`;

/** The rows of `changes`, and those that it would have without deferral; as a subquery. */
export const ALL_CHANGES = `(
  SELECT seq, session_id, type, 0 AS is_append FROM changes
  UNION ALL
  SELECT revision, id, 'changed', 1 FROM sessions
  WHERE ${IS_PENDING} AND revision NOT IN (SELECT seq FROM changes)
)`;

/** Counts the pending sessions and brings their index entries up to date. */
export class DeferredTimeIndex {
  readonly #count;
  readonly #logChanges;
  readonly #updateTags;
  readonly #clearPending;

  constructor({ client }: { readonly client: Client }) {
    this.#count = client.prepare<[], number>(`SELECT count(*) FROM sessions WHERE ${IS_PENDING}`).pluck();
    // A session whose last change was no append has its row already. Revisions that the log no longer covers
    // must not come back into it: it takes its oldest row for the end of a gapless sequence.
    this.#logChanges = client.prepare(`
      INSERT INTO changes (seq, session_id, type)
      SELECT revision, id, 'changed' FROM sessions
      WHERE ${IS_PENDING} AND revision > (SELECT ${LAST_REVISION} - ${KEPT_REVISIONS})
      ON CONFLICT DO NOTHING`);
    this.#updateTags = client.prepare(`
      UPDATE session_tags
      SET updated_at = (SELECT updated_at FROM sessions WHERE key = session_key)
      WHERE session_key IN (SELECT key FROM sessions WHERE ${IS_PENDING})`);
    this.#clearPending = client.prepare(`UPDATE sessions SET moving = 0 WHERE ${IS_PENDING}`);
  }

  /** How many sessions are pending. */
  count(): number {
    return this.#count.get() ?? 0;
  }

  /** Updates the indices for all pending sessions. To be called within a transaction. */
  flush(): void {
    this.#logChanges.run();
    this.#updateTags.run();
    this.#clearPending.run();
  }
}
