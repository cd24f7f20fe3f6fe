import { randomBytes } from "node:crypto";
import type { SessionId } from "@thulp-sessions/core";
import { asc, gt, lte, max, min, sql } from "drizzle-orm";
import type { Orm } from "./driver.ts";
import type { Change } from "./effects.ts";
import { changes } from "./schema.ts";

/** A watcher that falls further behind than this is told to look at everything again. */
const KEPT_REVISIONS = 10_000;
/** How many revisions pass between two prunings. */
const PRUNE_EVERY = 1000;

/**
 * The table `changes`. It serves two ends at the price of one page in a commit: its highest number is the counter that
 * versions come from, and its rows tell other processes what was changed, deletions included.
 */
export class ChangeLog {
  /** Tells this handle's rows from those of others. */
  readonly #writer = randomBytes(6).readUIntBE(0, 6);
  readonly #last;
  readonly #first;
  readonly #insert;
  readonly #since;
  readonly #prune;

  constructor(orm: Orm) {
    this.#last = orm
      .select({ seq: max(changes.seq) })
      .from(changes)
      .prepare();
    this.#first = orm
      .select({ seq: min(changes.seq) })
      .from(changes)
      .prepare();
    this.#insert = orm
      .insert(changes)
      .values({
        seq: sql.placeholder("seq"),
        sessionId: sql.placeholder("sessionId"),
        type: sql.placeholder("type"),
        writer: this.#writer,
      })
      .prepare();
    this.#since = orm
      .select()
      .from(changes)
      .where(gt(changes.seq, sql.placeholder("seq")))
      .orderBy(asc(changes.seq))
      .prepare();
    this.#prune = orm
      .delete(changes)
      .where(lte(changes.seq, sql.placeholder("seq")))
      .prepare();
  }

  /** The revision given last, by whatever process; 0 before the first. */
  lastRevision(): number {
    return this.#last.get()?.seq ?? 0;
  }

  /** Writes down the changes of one commit; those of one session become one row, as for a watcher. */
  write(made: readonly Change[]): void {
    const merged = new Map<SessionId, Change>();
    for (const change of made) {
      const before = merged.get(change.id);
      merged.delete(change.id);
      const stillNew = before?.type === "created" && change.type === "changed";
      merged.set(change.id, stillNew ? { ...change, type: "created" } : change);
    }
    for (const { id, type, revision } of merged.values()) {
      this.#insert.run({ seq: revision, sessionId: id, type });
    }
    const [first, last] = [made[0], made.at(-1)];
    if (
      first &&
      last &&
      Math.floor((first.revision - 1) / PRUNE_EVERY) < Math.floor(last.revision / PRUNE_EVERY)
    ) {
      this.#prune.run({ seq: last.revision - KEPT_REVISIONS });
    }
  }

  /** What others have changed after that revision; `null` where it is not known any more. */
  since(revision: number): { readonly changes: readonly Change[]; readonly last: number } | null {
    const first = this.#first.get()?.seq ?? 0;
    // Rows go from the old end only, and none of the last ones: while one at or below the revision is there, or the
    // revision is recent, none above it is missing.
    if (first > revision && this.lastRevision() - revision > KEPT_REVISIONS) return null;
    const rows = this.#since.all({ seq: revision });
    return {
      changes: rows
        .filter(({ writer }) => writer !== this.#writer)
        .map(({ seq, sessionId, type }) => ({
          revision: seq,
          id: sessionId as SessionId,
          type: type as Change["type"],
        })),
      last: rows.at(-1)?.seq ?? revision,
    };
  }
}
