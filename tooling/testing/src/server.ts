import { join } from "node:path";
import { type Program, type ProgramOptions, startNode } from "./program.ts";

/** The server as it was built: what `npm start` runs. */
export const SERVER = join(import.meta.dirname, "../../../apps/api/dist/main.js");

export interface ServerProgram extends Program {
  readonly url: string;
}

/**
 * The server in a process of its own, once it serves; on a port that is free unless the arguments name one.
 */
export async function startServerProgram(
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ServerProgram> {
  const program = startNode([SERVER, "--port", "0", ...args], options);
  const [, url = ""] = await program.says(/address +(\S+)[\s\S]*Ctrl-C/);
  return { ...program, url };
}
