/** A place in a file that is not what it has to be. Internal: the store turns it into a SessionError. */
export class FormatError extends Error {
  override readonly name = "FormatError";
  /** In bytes from the start of the file. */
  readonly offset: number;
  /** `unsupported`: fine for the original, but more than JavaScript can hold. */
  readonly code: "corrupt" | "unsupported";

  constructor(reason: string, offset: number, code: "corrupt" | "unsupported" = "corrupt") {
    super(reason);
    this.offset = offset;
    this.code = code;
  }
}
