export type { Durability } from "./disk.ts";
export { type FileStoreOptions, openFileStore } from "./open.ts";
export type { FileStore } from "./store.ts";
