import { resolve } from "node:path";
import { SessionError } from "@thulp-sessions/core";
import { OPENED_READ_ONLY, type SessionwiseMaintenance } from "@thulp-sessions/core/store";
import { whyReadOnly } from "../lock/access.ts";
import { inspectStore } from "./inspect.ts";
import { readLocks, unlock } from "./locks.ts";
import { repairFile } from "./repair.ts";
import { vacuumFolder } from "./vacuum.ts";

interface MaintenanceOptions {
  readonly dir: string;
  /** Refuses what would change the folder; false when absent. */
  readonly readOnly?: boolean | undefined;
}

/**
 * What maintains a folder of sessions. Nothing is opened or made; the kinds of findings are those of
 * `FileFinding`.
 */
export function fileStoreMaintenance({ dir, readOnly = false }: MaintenanceOptions): SessionwiseMaintenance {
  const place = resolve(dir);
  const refuse = () => {
    const reason = readOnly ? OPENED_READ_ONLY : whyReadOnly(place);
    if (reason !== null) throw readOnlyPlace(place, reason);
  };
  return {
    kind: "fs",
    unit: "session",
    place,
    check: () => inspectStore(place),
    async vacuum() {
      refuse();
      return vacuumFolder(place);
    },
    async repair(id, options) {
      refuse();
      return repairFile(place, id, options);
    },
    locks: () => readLocks(place),
    async unlock(id) {
      refuse();
      return unlock(place, id);
    },
  };
}

function readOnlyPlace(folder: string, reason: string): SessionError {
  return new SessionError("unsupported", `${folder} may only be read: ${reason}. Nothing was changed.`, {
    details: { path: folder },
  });
}
