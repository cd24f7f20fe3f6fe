import { SessionError } from "../model/errors.ts";
import type { SessionId } from "../model/ids.ts";
import type { SessionStatus } from "../model/model.ts";

/**
 * Which status may follow which. `free`, as in the original: any may follow any other. `strict`: a session
 * that is completed, failed or cancelled stays so.
 */
export type Lifecycle = "free" | "strict";

const MAY_FOLLOW: Readonly<Record<SessionStatus, readonly SessionStatus[]>> = {
  active: ["active", "paused", "completed", "failed", "cancelled"],
  paused: ["active", "paused", "completed", "failed", "cancelled"],
  completed: ["completed"],
  failed: ["failed"],
  cancelled: ["cancelled"],
};

/** @throws {SessionError} conflict when `to` may not follow `from` in a strict lifecycle. */
export function checkTransition(id: SessionId, from: SessionStatus, to: SessionStatus): void {
  if (MAY_FOLLOW[from].includes(to)) return;
  throw new SessionError(
    "conflict",
    `Session ${id} is ${from}: it cannot become ${to}. Fork it to continue from where it ended.`,
    { details: { sessionId: id, field: "status" } },
  );
}
