export type { BackupOptions, BackupProgress } from "./backup.ts";
export type { IntegrityFinding } from "./integrity.ts";
export type { SqliteStoreOptions } from "./options.ts";
export { type RecoveryReport, recoverSqliteFile } from "./recover.ts";
export { openSqliteStore, SqliteStore } from "./store.ts";
