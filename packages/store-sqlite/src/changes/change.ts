import type { SessionId } from "@thulp-sessions/core";

/** A committed change of one session. */
export interface Change {
  readonly type: "created" | "changed" | "deleted";
  readonly id: SessionId;
  /** The number of the change, and from then on the version of the session. */
  readonly revision: number;
  /** Whether an append made it: then it has no row in `changes` yet (tables/deferred-time-index.ts). */
  readonly isAppend: boolean;
}
