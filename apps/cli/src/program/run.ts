import { CommanderError } from "commander";
import { Context } from "../command/context.ts";
import { shownMessage } from "../render/text.ts";
import { EXIT, Failure, OutputClosed } from "../terminal/exit.ts";
import { type CommandProcess, Io } from "../terminal/io.ts";
import { buildProgram } from "./program.ts";

/** Runs a command line. @returns the exit code, see {@link EXIT}. */
export async function run(argv: readonly string[], process: CommandProcess): Promise<number> {
  const io = new Io(process);
  const context = new Context(io);
  let code: number = EXIT.ok;
  if (argv[0] === "__complete") return completeWords(argv.slice(1), context);
  try {
    const program = await buildProgram(argv, context);
    if (argv.length === 0) {
      await io.print(`${program.helpInformation()}\nSee thulp-sessions COMMAND --help for examples.\n`);
      return EXIT.ok;
    }
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    code = isHelp(error) ? await flush(io) : report(error, io);
  }
  try {
    await context.close();
  } catch (error) {
    code ||= report(error, io);
  }
  // Some agents take another exit code of a hook for an order to stop.
  return isHook(argv) ? EXIT.ok : code;
}

function isHook(argv: readonly string[]): boolean {
  return argv.includes("import") && argv.includes("--hook");
}

/** For the scripts of `completion`. */
async function completeWords(words: readonly string[], context: Context): Promise<number> {
  try {
    const { complete } = await import("./complete.ts");
    for (const { value, what } of await complete(words, context))
      await context.io.print(`${value}\t${what}\n`);
  } catch {
    return EXIT.problem;
  } finally {
    context.forgetWarnings();
    await context.close().catch(() => {});
  }
  return EXIT.ok;
}

/** The help and the version end the program by an error too. */
function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0;
}

/** Was everything written? @returns the exit code. */
async function flush(io: Io): Promise<number> {
  try {
    await io.print("");
    return EXIT.ok;
  } catch (error) {
    return report(error, io);
  }
}

/**
 * What a person needs to know of an error, and the exit code for it. A stack is of no use to the person who
 * typed the command.
 */
function report(error: unknown, io: Io): number {
  if (error instanceof OutputClosed) return EXIT.ok;
  if (error instanceof CommanderError) return EXIT.usage;
  if (error instanceof Failure) {
    if (error.message !== "") io.note(`thulp-sessions: ${error.message}`);
    return error.exitCode;
  }
  const { name, message, code } = error as Error & { code?: unknown };
  const known = name === "SessionError";
  io.note(`thulp-sessions: ${shownMessage(known || code ? message : String(error))}`);
  return known && code === "invalid_input" ? EXIT.usage : EXIT.problem;
}
