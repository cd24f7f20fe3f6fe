/**
 * How a text file that people can read, with several sessions in it, is cut: into sessions, at the lines that
 * begin one, and these into blocks, each of which becomes an entry. All of it by the text up to a line alone,
 * so that a file that has grown gives the same blocks again.
 */
export interface TextFormat {
  /** The session that begins with this line; `null` for every other line. */
  begins(line: string): BegunSession | null;
  /** The file is one session: the first line that begins one names it. */
  readonly isOne?: true;
  /** The name of the session of what stands before any line that begins one. */
  readonly before: string;
  /**
   * What a line that is not blank is.
   *
   * @param line without its end.
   * @param open the kind of the block that it follows, if lines may join it.
   */
  lineKind(line: string, open: string | undefined): LineKind;
}

/** A session, by the line that begins it. */
export interface BegunSession {
  readonly nativeId: string;
  /** When it began, in milliseconds since the epoch. */
  readonly time?: number | undefined;
}

/** What a line is. */
export interface LineKind {
  /** The kind of its block. */
  readonly kind: string;
  /**
   * Whether lines of the same kind that follow are of the same block: none of them, those up to a blank line,
   * or all, with the blank lines between.
   */
  readonly joins: "none" | "lines" | "paragraphs";
  /** It begins a block, whatever stands before it. */
  readonly starts?: true;
}
