import type { SessionId } from "@thulp-sessions/core";
import { asc, gt, lte, max, min, sql } from "drizzle-orm";
import type { Orm } from "../connection/driver.ts";
import { lazily } from "../connection/lazy.ts";
import { changes, sessions } from "../tables/schema.ts";
import type { Change } from "./change.ts";

/** A watcher that falls further behind than this is told to look at everything again. */
const KEPT_REVISIONS = 10_000;
/** How many revisions pass between two prunings. */
const PRUNE_EVERY = 1000;

const isMoving = sql`${sessions.moving} = 1`;

/**
 * Which revision was given last, and which sessions were changed after one: by the table `changes`, and by the sessions that
 * move, whose appends are not written down there.
 */
export class ChangeLog {
  readonly #last;
  readonly #lastMoving;
  readonly #first;
  readonly #insert;
  readonly #since;
  readonly #movedSince;
  readonly #logMoving;
  readonly #prune;

  constructor(orm: Orm) {
    this.#last = lazily(() =>
      orm
        .select({ seq: max(changes.seq) })
        .from(changes)
        .prepare(),
    );
    this.#lastMoving = lazily(() =>
      orm
        .select({ seq: max(sessions.revision) })
        .from(sessions)
        .where(isMoving)
        .prepare(),
    );
    this.#first = lazily(() =>
      orm
        .select({ seq: min(changes.seq) })
        .from(changes)
        .prepare(),
    );
    this.#insert = lazily(() =>
      orm
        .insert(changes)
        .values({
          seq: sql.placeholder("seq"),
          sessionId: sql.placeholder("sessionId"),
          type: sql.placeholder("type"),
        })
        // Sessions that settle in the same group have been written down by `writeMoving`, which knows no type.
        .onConflictDoUpdate({ target: changes.seq, set: { type: sql`excluded.type` } })
        .prepare(),
    );
    this.#since = lazily(() =>
      orm
        .select()
        .from(changes)
        .where(gt(changes.seq, sql.placeholder("seq")))
        .orderBy(asc(changes.seq))
        .prepare(),
    );
    this.#movedSince = lazily(() =>
      orm
        .select({ seq: sessions.revision, sessionId: sessions.id })
        .from(sessions)
        .where(sql`${isMoving} AND ${sessions.revision} > ${sql.placeholder("seq")}`)
        .prepare(),
    );
    // One whose last change was no append stands there already.
    this.#logMoving = lazily(() =>
      orm
        .insert(changes)
        .select(
          orm
            .select({ seq: sessions.revision, sessionId: sessions.id, type: sql`'changed'`.as("type") })
            .from(sessions)
            .where(sql`${isMoving} AND ${sessions.revision} > ${sql.placeholder("seq")}`),
        )
        .onConflictDoNothing()
        .prepare(),
    );
    this.#prune = lazily(() =>
      orm
        .delete(changes)
        .where(lte(changes.seq, sql.placeholder("seq")))
        .prepare(),
    );
  }

  /** The revision given last, by whatever process; 0 before the first. */
  lastRevision(): number {
    return Math.max(this.#last().get()?.seq ?? 0, this.#lastMoving().get()?.seq ?? 0);
  }

  /** Writes down the changes of one commit; those of one session become one row, as for a watcher. */
  write(made: readonly Change[]): void {
    const merged = new Map<SessionId, Change>();
    for (const change of made) {
      if (change.isAppend) continue;
      const before = merged.get(change.id);
      merged.delete(change.id);
      const stillNew = before?.type === "created" && change.type === "changed";
      merged.set(change.id, stillNew ? { ...change, type: "created" } : change);
    }
    for (const { id, type, revision } of merged.values()) {
      this.#insert().run({ seq: revision, sessionId: id, type });
    }
    const [first, last] = [made[0], made.at(-1)];
    if (
      first &&
      last &&
      Math.floor((first.revision - 1) / PRUNE_EVERY) < Math.floor(last.revision / PRUNE_EVERY)
    ) {
      this.#prune().run({ seq: last.revision - KEPT_REVISIONS });
    }
  }

  /** To be called before sessions settle: what `changes` does not say of them is then known nowhere else. */
  writeMoving(): void {
    this.#logMoving().run({ seq: this.lastRevision() - KEPT_REVISIONS });
  }

  /** What was changed after that revision, by whom ever; `null` where it is not known any more. */
  since(revision: number): { readonly changes: readonly Change[]; readonly last: number } | null {
    const first = this.#first().get()?.seq ?? 0;
    const last = this.lastRevision();
    // Rows go from the old end only, and none of the last ones: while one at or below the revision is there, or the
    // revision is recent, none above it is missing.
    if (first > revision && last - revision > KEPT_REVISIONS) return null;
    const logged = this.#since()
      .all({ seq: revision })
      .map(
        ({ seq, sessionId, type }): Change => ({
          revision: seq,
          id: sessionId as SessionId,
          type: type as Change["type"],
          isAppend: false,
        }),
      );
    const seen = new Set(logged.map((change) => change.revision));
    const moved = this.#movedSince()
      .all({ seq: revision })
      .filter(({ seq }) => !seen.has(seq))
      .map(
        ({ seq, sessionId }): Change => ({
          revision: seq,
          id: sessionId as SessionId,
          type: "changed",
          isAppend: true,
        }),
      );
    return { changes: [...logged, ...moved].sort((a, b) => a.revision - b.revision), last };
  }
}
