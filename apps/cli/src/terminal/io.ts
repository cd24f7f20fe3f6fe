import { visibleJson, visibleText } from "@thulp-sessions/core/text";
import { Colors, STYLES } from "./colors.ts";
import { Failure, OutputClosed } from "./exit.ts";

/** What the command needs of its process; `node:process` is one. */
export interface CommandProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  cwd(): string;
  on(event: "SIGINT" | "SIGTERM" | "message" | "disconnect", listener: (message?: unknown) => void): unknown;
  off(event: "SIGINT" | "SIGTERM" | "message" | "disconnect", listener: (message?: unknown) => void): unknown;
}

const DEFAULT_WIDTH = 80;
const MIN_WIDTH = 40;

/** A JSON text in bytes is shown on a terminal in parts of this size. */
const PART_BYTES = 1024 * 1024;

/**
 * The terminal or the pipes: what a command prints on, and what it knows of who reads it. The one way out: a
 * terminal gets nothing that it would obey but the styles of {@link Colors}, whatever a text is made of.
 */
export class Io {
  readonly process: CommandProcess;
  /** For stdout: without effect where nobody sees colours. */
  colors: Colors;
  /** Why nothing more can be written to stdout. */
  #broken: Error | undefined;

  constructor(process: CommandProcess) {
    this.process = process;
    this.colors = new Colors(wantsColors(process.env, process.stdout));
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
      this.#broken ??= brokenOutput(error);
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

  /** A text for a person, as it may stand on a terminal: only our own styles are obeyed. */
  shown(text: string): string {
    if (!this.colors.enabled) return visibleText(text);
    // Every second part is a style.
    const parts = text.split(STYLES);
    return parts.map((part, i) => (i % 2 === 0 ? visibleText(part) : part)).join("");
  }

  /**
   * Writes to stdout what is for a person, and waits while the reader is slow.
   *
   * @throws {OutputClosed} when the reader has gone.
   * @throws {Failure} when it cannot be written.
   */
  async print(text: string): Promise<void> {
    await this.#write(this.shown(text));
  }

  /**
   * The same for JSON, which another program reads: into a pipe it goes as it is; on a terminal what would be
   * obeyed or hidden is escaped, which leaves the value as it was.
   */
  async printJson(json: string | Uint8Array): Promise<void> {
    if (!this.terminal) return this.#write(json);
    if (typeof json === "string") return this.#write(visibleJson(json));
    const decoder = new TextDecoder();
    for (let at = 0; at < json.length; at += PART_BYTES)
      await this.#write(visibleJson(decoder.decode(json.subarray(at, at + PART_BYTES), { stream: true })));
  }

  async #write(text: string | Uint8Array): Promise<void> {
    if (this.#broken) throw this.#broken;
    const { stdout } = this.process;
    await new Promise<void>((resolve, reject) => {
      stdout.write(text, (error) => {
        if (!error) resolve();
        else reject(this.#broken ?? brokenOutput(error));
      });
    });
  }

  async line(text = ""): Promise<void> {
    await this.print(`${text}\n`);
  }

  /** To stderr: what is for a person and not part of the output. */
  note(text: string): void {
    this.process.stderr.write(`${this.shown(text)}\n`);
  }
}

function brokenOutput(error: NodeJS.ErrnoException): Error {
  // The reader has seen enough.
  if (error.code === "EPIPE") return new OutputClosed();
  return new Failure(`The output cannot be written: ${error.message}.`);
}

/** Colours only on a terminal, and not against NO_COLOR; FORCE_COLOR has the last word, as with others. */
function wantsColors(env: CommandProcess["env"], stdout: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = env;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "") return FORCE_COLOR !== "0";
  return stdout.isTTY === true && !NO_COLOR && TERM !== "dumb";
}
