export type { SqliteStoreOptions } from "./connection/options.ts";
export type { BackupOptions, BackupProgress } from "./maintenance/backup-options.ts";
export type { IntegrityFinding } from "./maintenance/integrity-finding.ts";
export { type RecoveryReport, recoverSqliteFile } from "./recover-file.ts";
export { openSqliteStore, type SqliteStore } from "./sqlite-store.ts";
