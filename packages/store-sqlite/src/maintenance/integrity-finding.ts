/** A problem found by `SqliteStore.checkIntegrity`. */
export interface IntegrityFinding {
  /** For people. */
  readonly message: string;
  /** The session that has the problem; absent for a problem of the whole file. */
  readonly sessionId?: string | undefined;
  /** The part of the session, e.g. `entries[3].content`. */
  readonly field?: string | undefined;
}
