export type { RecoveryReport, RestoreReport, StoreFinding } from "@thulp-sessions/core/store";
export type { SqliteStoreOptions } from "./connection/options.ts";
export type { BackupOptions, BackupProgress } from "./maintenance/backup-options.ts";
export { openSqliteStore } from "./open-sqlite-store.ts";
export { recoverSqliteFile } from "./recover-file.ts";
export { sqliteMaintenance } from "./sqlite-maintenance.ts";
export type { SqliteStore } from "./sqlite-store.ts";
