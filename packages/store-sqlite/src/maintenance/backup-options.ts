/** How far a backup is, in pages of the database. */
export interface BackupProgress {
  readonly totalPages: number;
  readonly remainingPages: number;
}

export interface BackupOptions {
  /** Called after each step. If it throws, the backup ends with that error and nothing is left of it. */
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
}
