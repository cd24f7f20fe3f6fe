import type { SessionId } from "@thulp-sessions/core";
import type { Client } from "../connection/driver.ts";
import { ALL_CHANGES, LAST_REVISION } from "../tables/deferred-time-index.ts";
import { KEPT_REVISIONS } from "../tables/schema.ts";
import type { Change } from "./change.ts";

/** The number of revisions between two prunings. */
const PRUNE_EVERY = 1000;

type ChangeRow = Omit<Change, "isAppend"> & { readonly isAppend: number };

/** Which revision was the last, and which sessions were changed after a given one. */
export class ChangeLog {
  readonly #lastRevision;
  readonly #firstLogged;
  readonly #insert;
  readonly #since;
  readonly #prune;

  constructor({ client }: { readonly client: Client }) {
    this.#lastRevision = client.prepare<[], number>(`SELECT ${LAST_REVISION}`).pluck();
    this.#firstLogged = client.prepare<[], number | null>("SELECT min(seq) FROM changes").pluck();
    // A flush of the deferred time index in the same group may have written the row, without the type.
    this.#insert = client.prepare<[number, string, string]>(`
      INSERT INTO changes (seq, session_id, type) VALUES (?, ?, ?)
      ON CONFLICT (seq) DO UPDATE SET type = excluded.type`);
    this.#since = client.prepare<[number], ChangeRow>(`
      SELECT seq AS revision, session_id AS id, type, is_append AS isAppend
      FROM ${ALL_CHANGES}
      WHERE seq > ?
      ORDER BY seq`);
    this.#prune = client.prepare<[number]>("DELETE FROM changes WHERE seq <= ?");
  }

  /** The last revision given by any process; 0 before the first. */
  lastRevision(): number {
    return this.#lastRevision.get() ?? 0;
  }

  /**
   * Logs the changes of one commit. Several changes of one session become one row, which is all a watcher
   * needs.
   */
  write(committed: readonly Change[]): void {
    const merged = new Map<SessionId, Change>();
    for (const change of committed) {
      if (change.isAppend) continue;
      const before = merged.get(change.id);
      merged.delete(change.id);
      const isStillNew = before?.type === "created" && change.type === "changed";
      merged.set(change.id, isStillNew ? { ...change, type: "created" } : change);
    }
    for (const { id, type, revision } of merged.values()) this.#insert.run(revision, id, type);
    const [first, last] = [committed[0]?.revision, committed.at(-1)?.revision];
    if (first === undefined || last === undefined) return;
    const isPruningDue = Math.floor((first - 1) / PRUNE_EVERY) < Math.floor(last / PRUNE_EVERY);
    if (isPruningDue) this.#prune.run(last - KEPT_REVISIONS);
  }

  /** What was changed after that revision by any process; `null` where that is no longer known. */
  since(revision: number): { readonly changes: readonly Change[]; readonly last: number } | null {
    const first = this.#firstLogged.get() ?? 0;
    const last = this.lastRevision();
    // Only the oldest rows are removed, and none of the last KEPT_REVISIONS: nothing is missing after a
    // revision that is that recent, or that has a row at or before it.
    if (first > revision && last - revision > KEPT_REVISIONS) return null;
    const changes = this.#since.all(revision).map((row) => ({ ...row, isAppend: row.isAppend === 1 }));
    return { changes, last };
  }
}
