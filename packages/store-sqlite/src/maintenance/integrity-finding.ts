/** Something that is not as it should be, in words for a person. */
export interface IntegrityFinding {
  readonly message: string;
  /** The session that it is about, where it is about one. */
  readonly sessionId?: string | undefined;
  /** What of the session, e.g. `entries[3].content`. */
  readonly field?: string | undefined;
}
