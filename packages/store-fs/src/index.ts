export type { Durability, RepairReport } from "@thulp-sessions/core/store";
export { FileStore } from "./file-store.ts";
export { type FileFinding, inspectStore } from "./maintenance/inspect.ts";
export { type RepairOptions, repairFile } from "./maintenance/repair.ts";
export { fileStoreMaintenance } from "./maintenance/store-maintenance.ts";
export { type FileStoreOptions, openFileStore } from "./open.ts";
export { openSessionFile, sessionIdIn } from "./open-session-file.ts";
export { sessionText } from "./session-text.ts";
