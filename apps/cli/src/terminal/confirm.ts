import { createInterface } from "node:readline/promises";
import { EXIT, Failure, usage } from "./exit.ts";
import type { Io } from "./io.ts";

/** Asks a yes-or-no question on the terminal; only `y` and `yes` are a yes. @throws {Failure} on Ctrl-C. */
export async function confirm(io: Io, question: string): Promise<boolean> {
  const { stdin, stderr } = io.process;
  const asking = createInterface({ input: stdin, output: stderr });
  const ended = new Promise<null>((resolve, reject) => {
    asking.on("SIGINT", () => reject(new Failure("Nothing was changed.", EXIT.interrupted)));
    asking.on("close", () => resolve(null));
  });
  try {
    const answer = await Promise.race([asking.question(`${io.shown(question)} [y/N] `), ended]);
    if (answer === null) io.note("");
    return /^\s*y(?:es)?\s*$/i.test(answer ?? "");
  } catch (error) {
    io.note("");
    throw error;
  } finally {
    asking.close();
  }
}

/** For what cannot be taken back: goes on with `--yes`, or asks; where nobody can be asked it refuses. */
export async function confirmOrYes(io: Io, yes: boolean | undefined, question: string): Promise<void> {
  if (yes) return;
  if (!io.interactive) throw usage(`${question} Say so with --yes: there is nobody to ask here.`);
  if (!(await confirm(io, question))) throw new Failure("Nothing was changed.");
}
