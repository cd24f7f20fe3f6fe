export type { Durability } from "./disk.ts";
export { type Finding, inspectStore } from "./inspect.ts";
export { type FileStoreOptions, openFileStore } from "./open.ts";
export { type RepairOptions, type RepairReport, repairFile } from "./repair.ts";
export { FileStore } from "./store.ts";
