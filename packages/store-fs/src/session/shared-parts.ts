import type { SessionId } from "@thulp-sessions/core";
import type { Durability, Warnings, Yielder } from "@thulp-sessions/core/store";
import type { FileClock } from "../disk/file-clock.ts";
import type { FileInfo } from "../disk/file-stamp.ts";
import type { SessionLocks } from "../lock/session-locks.ts";

/** What the sessions of one store share. */
export interface SharedParts {
  readonly folder: string;
  /** The file of a session. */
  readonly pathOf: (id: SessionId) => string;
  readonly locks: Pick<SessionLocks, "hold">;
  readonly clock: FileClock;
  readonly durability: Durability;
  readonly warnings: Warnings;
  readonly yielder: Yielder;
  /** Called when a session was read that another process may have changed. */
  readonly onSeen: (id: SessionId) => void;
  /** Called after every change, when it is on the disk; the stamp is absent when the session is gone. */
  readonly onWritten: (type: "created" | "changed" | "deleted", id: SessionId, info?: FileInfo) => void;
}
