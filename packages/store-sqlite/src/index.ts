export type { RecoveryReport, StoreFinding } from "@thulp-sessions/core/store";
export type { SqliteStoreOptions } from "./connection/options.ts";
export type { BackupOptions, BackupProgress } from "./maintenance/backup-options.ts";
export { recoverSqliteFile } from "./recover-file.ts";
export { sqliteMaintenance } from "./sqlite-maintenance.ts";
export { openSqliteStore, type SqliteStore } from "./sqlite-store.ts";
