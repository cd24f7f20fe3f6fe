import { Command } from "@commander-js/extra-typings";

/** A command that throws instead of ending the process. */
export function newCommand(name: string): Command {
  return new Command(name).exitOverride();
}

/** Examples at the end of the help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ thulp-sessions ${line}`).join("\n")}`;
}
