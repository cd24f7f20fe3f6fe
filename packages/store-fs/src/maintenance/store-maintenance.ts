import { resolve } from "node:path";
import type { SessionwiseMaintenance } from "@thulp-sessions/core/store";
import { inspectStore } from "./inspect.ts";
import { repairFile } from "./repair.ts";
import { vacuumFolder } from "./vacuum.ts";

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
    vacuum: () => vacuumFolder(place),
    repair: (id, options) => repairFile(place, id, options),
  };
}
