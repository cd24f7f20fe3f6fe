import { resolve } from "node:path";
import type { SessionwiseMaintenance } from "@thulp-sessions/core/store";
import { inspectStore } from "./inspect.ts";
import { readLocks, unlock } from "./locks.ts";
import { repairFile } from "./repair.ts";

/**
 * What maintains a folder of sessions. Nothing is opened or made; the kinds of findings are those of
 * `FileFinding`.
 */
export function fileStoreMaintenance({ dir }: { readonly dir: string }): SessionwiseMaintenance {
  const place = resolve(dir);
  return {
    kind: "fs",
    unit: "session",
    place,
    check: () => inspectStore(place),
    repair: (id, options) => repairFile(place, id, options),
    locks: () => readLocks(place),
    unlock: (id) => unlock(place, id),
  };
}
