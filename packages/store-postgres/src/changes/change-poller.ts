import type { SessionId } from "@thulp-sessions/core";
import type { Database } from "../connection/database.ts";

/** How long a change of another server takes to be noticed at most, beside the read itself. */
const POLL_MS = 100;
/** The log is kept for longer than that; after a longer pause it may have lost rows. */
const MAX_PAUSE_MS = 5 * 60_000;

const KINDS = { c: "created", u: "changed", d: "deleted" } as const;

export interface PollerOptions {
  readonly changed: (type: "created" | "changed" | "deleted", id: SessionId) => void;
  /** Changes may have been missed. */
  readonly missed: () => void;
  readonly failed: (error: unknown) => void;
}

/** The transactions that had ended at a moment: those below `xmax`, but not those in `running`. */
interface Snapshot {
  readonly xmax: string;
  readonly running: string;
}

/**
 * Finds the changes of others, while somebody watches: each commit has a row, and those are new that the last
 * snapshot did not see and this one does. So it does not matter in which order transactions commit, and one
 * that runs for hours holds up nothing.
 */
export class ChangePoller {
  readonly #database: Database;
  readonly #options: PollerOptions;
  readonly #own = new Set<string>();
  #last: Snapshot | undefined;
  #lastAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #round = 0;
  #polling: Promise<void> | undefined;
  #losses = 0;

  constructor(database: Database, options: PollerOptions) {
    this.#database = database;
    this.#options = options;
  }

  /** From then on changes are found. @throws {SessionError} */
  async start(): Promise<void> {
    const round = ++this.#round;
    const { rows } = await this.#database.run({ text: "SELECT pg_current_snapshot()::text" });
    if (round !== this.#round) return;
    this.#own.clear();
    this.#remember(rows[0]?.[0]);
    this.#schedule(round);
  }

  /** @returns when nothing is read any more. */
  async stop(): Promise<void> {
    this.#round++;
    clearTimeout(this.#timer);
    this.#last = undefined;
    this.#own.clear();
    await this.#polling;
  }

  /** This commit is emitted by the lane that makes it. */
  skip(token: string): void {
    if (this.#last) this.#own.add(token);
  }

  #schedule(round: number): void {
    this.#timer = setTimeout(() => {
      this.#polling = this.#poll(round).then(() => {
        if (round === this.#round) this.#schedule(round);
      });
    }, POLL_MS);
    // Who waits for a change only has to keep the process alive by himself.
    this.#timer.unref();
  }

  async #poll(round: number): Promise<void> {
    const last = this.#last;
    if (!last) return;
    try {
      const { rows } = await this.#database.run({
        text: `SELECT now.snapshot, c.token, c.ids, c.kinds
          FROM (SELECT pg_current_snapshot()::text AS snapshot) AS now
          LEFT JOIN ${this.#database.schema}.commits c ON c.tx >= $1::xid8 OR c.tx = ANY($2::xid8[])
          ORDER BY c.tx`,
        values: [last.xmax, last.running],
        isHot: true,
      });
      if (round !== this.#round) return;
      const losses = this.#losses;
      const isLate = Date.now() - this.#lastAt > MAX_PAUSE_MS;
      this.#remember(rows[0]?.[0]);
      // Behind another server the numbers of transactions may mean something else.
      if (isLate || this.#database.losses !== losses) this.#options.missed();
      else for (const [, token, ids, kinds] of rows) if (token !== null) this.#emit(token, ids, kinds);
    } catch (error) {
      if (round === this.#round) this.#options.failed(error);
    }
  }

  #emit(token: string, ids: string, kinds: string): void {
    if (this.#own.delete(token)) return;
    ids
      .slice(1, -1)
      .split(",")
      .forEach((id, i) => {
        const kind = KINDS[kinds[i] as keyof typeof KINDS];
        this.#options.changed(kind, id as SessionId);
      });
  }

  /** @param text as PostgreSQL writes a snapshot: `xmin:xmax:running,running`. */
  #remember(text: string): void {
    const [, xmax = "0", running = ""] = text.split(":");
    this.#last = { xmax, running: `{${running}}` };
    this.#lastAt = Date.now();
    this.#losses = this.#database.losses;
  }
}
