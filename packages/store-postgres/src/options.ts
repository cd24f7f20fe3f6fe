import type { WarningListener } from "@thulp-sessions/core";
import type { Durability } from "@thulp-sessions/core/store";

export interface PostgresStoreOptions {
  /**
   * `postgres://USER@HOST:PORT/DATABASE`, with parameters: docs/postgres.md. Where it holds no password, that
   * of PGPASSWORD or `~/.pgpass` is taken.
   */
  readonly url: string;
  /** In place of one in the URL. */
  readonly password?: string | undefined;
  /**
   * `full` when absent: a write is answered when it is as safe as the server's `synchronous_commit` makes it,
   * at least on its disk. `relaxed`: the last fraction of a second may be lost when the server's machine is.
   */
  readonly durability?: Durability | undefined;
  /** How long a call is repeated while the server is away, in ms: at most 300,000, and 10,000 when absent. */
  readonly retryForMs?: number | undefined;
  /** Writes nothing, and refuses every call that would; false when absent. The tables have to be there. */
  readonly readOnly?: boolean | undefined;
  /** Called with what a person should know but fails no call. */
  readonly onWarning?: WarningListener | undefined;
}
