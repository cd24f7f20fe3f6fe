import type { SessionStatus } from "@thulp-sessions/core";
import type { Colors } from "../terminal/colors.ts";

export function paintStatus(status: SessionStatus, colors: Colors): string {
  const paint = {
    active: colors.green,
    completed: colors.dim,
    failed: colors.red,
    cancelled: colors.yellow,
    paused: colors.cyan,
  }[status];
  return paint(status);
}
