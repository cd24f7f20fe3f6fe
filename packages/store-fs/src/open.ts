import fs from "node:fs";
import { dirname, join, resolve } from "node:path";
import { SessionError, type WarningListener } from "@thulp-sessions/core";
import { type Durability, OPENED_READ_ONLY } from "@thulp-sessions/core/store";
import { DirectoryNames } from "./disk/directory-names.ts";
import { FileClock } from "./disk/file-clock.ts";
import { networkDriveOf } from "./disk/file-system.ts";
import { io } from "./disk/io-error.ts";
import { giveFolderAway } from "./disk/ownership.ts";
import { syncFolder } from "./disk/write-file.ts";
import { FileStore } from "./file-store.ts";
import { whyReadOnly } from "./lock/access.ts";
import { SessionLocks } from "./lock/session-locks.ts";
import { removeStaleTempFiles } from "./lock/stale-temp-files.ts";

interface CommonOptions {
  /**
   * `full` (the default): an acknowledged write survives the loss of power. `relaxed`: the end of the
   * process.
   */
  readonly durability?: Durability | undefined;
  /**
   * How long a call waits for a lock that another process holds before it fails with `busy`; 5000 ms when
   * absent.
   */
  readonly lockTimeoutMs?: number | undefined;
  /**
   * Writes nothing, not even a lock or a temporary file that was left, and refuses every call that would.
   * False when absent; a folder in which this process may not write is opened so by itself.
   */
  readonly readOnly?: boolean | undefined;
  /** Called with a warning of each damaged, foreign or torn file. */
  readonly onWarning?: WarningListener | undefined;
}

/** The folder of the session files itself, or the workspace whose `.thulp/sessions` it is. */
export type FileStoreOptions = CommonOptions &
  (
    | { readonly dir: string; readonly workspace?: undefined }
    | { readonly workspace: string; readonly dir?: undefined }
  );

const DEFAULT_LOCK_TIMEOUT_MS = 5_000;

/**
 * Opens the sessions of a folder; makes the folder, readable by its owner only, where there is none.
 *
 * @throws {SessionError} io when the folder cannot be made or read.
 * @throws {TypeError} when an option has the wrong type.
 */
export async function openFileStore(options: FileStoreOptions): Promise<FileStore> {
  const { dir, workspace, durability = "full", lockTimeoutMs = DEFAULT_LOCK_TIMEOUT_MS, onWarning } = options;
  const { readOnly = false } = options;
  if ((typeof dir === "string") === (typeof workspace === "string"))
    throw new TypeError("openFileStore takes either dir or workspace.");
  if (durability !== "full" && durability !== "relaxed")
    throw new TypeError('durability is "full" or "relaxed".');
  if (!(lockTimeoutMs >= 0)) throw new TypeError("lockTimeoutMs is a number from 0.");
  if (typeof readOnly !== "boolean") throw new TypeError("readOnly is true or false.");
  const folder = resolve(dir ?? join(workspace as string, ".thulp", "sessions"));
  if (fs.statSync(folder, { throwIfNoEntry: false })?.isFile()) {
    throw new SessionError("io", `${folder} is a file: store-fs keeps its sessions in a folder.`, {
      details: { path: folder },
    });
  }
  if (!readOnly) await makeMissingFolders(folder, durability);
  io(folder, "list", () => fs.accessSync(folder, fs.constants.R_OK | fs.constants.X_OK));
  const clock = new FileClock();
  const locks = new SessionLocks(folder, lockTimeoutMs, clock);
  const names = new DirectoryNames(folder);
  const readOnlyReason = readOnly ? OPENED_READ_ONLY : whyReadOnly(folder);
  if (readOnlyReason === null) {
    await removeStaleTempFiles(folder, names, locks);
    await locks.clearAbandoned();
  }
  const store = new FileStore({ folder, names, durability, clock, locks, readOnlyReason });
  if (onWarning) store.warnings.listen(onWarning);
  const drive = networkDriveOf(folder);
  if (drive) {
    store.warnings.emit({
      code: "unsupported",
      message:
        `${folder} is on a network drive (${drive}): links, renames and syncs do not keep there what the store promises. ` +
        "Keep the sessions on a local disk, and serve them to other machines through the API.",
      path: folder,
    });
  }
  return store;
}

async function makeMissingFolders(last: string, durability: Durability): Promise<void> {
  const first = io(last, "create", () => fs.mkdirSync(last, { recursive: true, mode: 0o700 }));
  if (first === undefined) return;
  const made: string[] = [];
  for (let folder = last; folder.length >= first.length; folder = dirname(folder)) made.unshift(folder);
  // From above: each to the owner of the one it lies in, which may be new too.
  for (const folder of made) giveFolderAway(folder);
  // Every folder that was made has its name in the one above it.
  for (const folder of made.toReversed()) await syncFolder(dirname(folder), durability);
}
