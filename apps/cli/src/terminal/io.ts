import { Colors } from "./colors.ts";
import { OutputClosed } from "./exit.ts";

/** What the command needs of its process; `node:process` is one. */
export interface CommandProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  cwd(): string;
  on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  off(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
}

const DEFAULT_WIDTH = 80;
const MIN_WIDTH = 40;

/** The terminal or the pipes: what a command prints on, and what it knows of who reads it. */
export class Io {
  readonly process: CommandProcess;
  /** For stdout: without effect where nobody sees colours. */
  colors: Colors;
  #closed = false;

  constructor(process: CommandProcess) {
    this.process = process;
    this.colors = new Colors(wantsColors(process.env, process.stdout));
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      this.#closed = true;
    });
    // Messages that nobody reads any more are no reason to stop.
    process.stderr.on("error", () => {});
  }

  /** Is a person looking at stdout? */
  get terminal(): boolean {
    return this.process.stdout.isTTY === true;
  }

  /** Can a person be asked? */
  get interactive(): boolean {
    return this.process.stdin.isTTY === true && this.process.stderr.isTTY === true;
  }

  /** In columns. */
  get width(): number {
    const { columns } = this.process.stdout;
    return Math.max(MIN_WIDTH, columns > 0 ? columns : DEFAULT_WIDTH);
  }

  /**
   * Writes to stdout, and waits while the reader is slow. @throws {OutputClosed} when the reader has gone.
   */
  async print(text: string | Uint8Array): Promise<void> {
    if (this.#closed) throw new OutputClosed();
    const { stdout } = this.process;
    await new Promise<void>((resolve, reject) => {
      stdout.write(text, (error) => {
        if (!error) resolve();
        else reject((error as NodeJS.ErrnoException).code === "EPIPE" ? new OutputClosed() : error);
      });
    });
  }

  async line(text = ""): Promise<void> {
    await this.print(`${text}\n`);
  }

  /** To stderr: what is for a person and not part of the output. */
  note(text: string): void {
    this.process.stderr.write(`${text}\n`);
  }
}

/** Colours only on a terminal, and not against NO_COLOR; FORCE_COLOR has the last word, as with others. */
function wantsColors(env: CommandProcess["env"], stdout: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = env;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "") return FORCE_COLOR !== "0";
  return stdout.isTTY === true && !NO_COLOR && TERM !== "dumb";
}
