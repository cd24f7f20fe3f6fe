export type { SqliteStoreOptions } from "./connection/options.ts";
export type { BackupOptions, BackupProgress } from "./maintenance/backup.ts";
export type { IntegrityFinding } from "./maintenance/integrity.ts";
export { type RecoveryReport, recoverSqliteFile } from "./recover-file.ts";
export { openSqliteStore, type SqliteStore } from "./sqlite-store.ts";
