export type { SqliteStoreOptions } from "./options.ts";
export { openSqliteStore, SqliteStore } from "./store.ts";
