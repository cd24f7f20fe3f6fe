export interface BackupProgress {
  readonly totalPages: number;
  readonly remainingPages: number;
}

export interface BackupOptions {
  /** Called after each step; what it throws ends the backup, with nothing left of it. */
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
}
