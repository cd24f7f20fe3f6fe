export { type Finding, inspectStore } from "./inspect.ts";
export { type FileStoreOptions, openFileStore } from "./open.ts";
export { type RepairOptions, type RepairReport, repairFile } from "./repair.ts";
export { FileStore } from "./store.ts";
export type { Durability } from "./write-file.ts";
