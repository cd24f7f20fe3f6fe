/** The exit codes of every command. */
export const EXIT = {
  ok: 0,
  /**
   * The command failed, or has found what it was asked to look for: damage, conflicts, sessions that cannot
   * be read.
   */
  problem: 1,
  /** The command line or the configuration is wrong; nothing was done. */
  usage: 2,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;

/** Ends the command with a message for a person and an exit code. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.problem) {
    super(message);
    this.exitCode = exitCode;
  }
}

export function usage(message: string): Failure {
  return new Failure(message, EXIT.usage);
}

/** The reader of the output has gone: nothing more to do, and no error. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}
