export type { BackupOptions, BackupProgress } from "./backup-options.ts";
export type { IntegrityFinding } from "./integrity-finding.ts";
export type { SqliteStoreOptions } from "./options.ts";
export { type RecoveryReport, recoverSqliteFile } from "./recover.ts";
export { openSqliteStore, SqliteStore } from "./store.ts";
