import type { VacuumReport } from "@thulp-sessions/core/store";
import type { Context } from "../command/context.ts";
import { bytes } from "../render/time.ts";

/** For a person: what was given back, and a warning of each file that may still hold what was deleted. */
export function printVacuum<T>(
  context: Context,
  { bytesFreed, left }: VacuumReport,
  print: (line: string) => T,
): T {
  for (const { path, reason } of left) context.warn(`${path} may still hold what was deleted: ${reason}.`);
  return print(`${bytes(Math.max(0, bytesFreed))} given back`);
}
