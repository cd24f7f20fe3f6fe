import { spawn } from "node:child_process";
import { onTestFailed, onTestFinished } from "vitest";
import { tempFolder } from "./temp-folder.ts";

export interface ProgramOptions {
  /** An empty folder that is gone after the test, when absent. */
  readonly cwd?: string | undefined;
  /** Beside the `PATH`, which is all that it gets of this process's environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** A program that runs; what it says is awaited, not polled for. */
export interface Program {
  /** stdout and stderr as a terminal shows them, up to now. */
  readonly output: () => string;
  /** Resolves when the output has this part; rejects when the program ends without having said it. */
  says(part: string | RegExp): Promise<RegExpMatchArray>;
  type(line: string): void;
  /** As Ctrl-D does. */
  endInput(): void;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

/** Starts a script with this Node. It is killed when the test ends before it. */
export function startNode(args: readonly string[], options: ProgramOptions = {}): Program {
  return startProgram(process.execPath, args, options);
}

export function startProgram(
  file: string,
  args: readonly string[],
  { cwd = tempFolder(), env }: ProgramOptions = {},
): Program {
  const { PATH = "" } = process.env;
  const child = spawn(file, args, { cwd, env: { PATH, ...env } });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  onTestFailed(() => console.error(`${[file, ...args].join(" ")} has said:\n${output}`));
  // A line that is typed to a program that has gone is lost, as in a terminal.
  child.stdin.on("error", () => {});
  let output = "";
  let over = false;
  const waiting = new Set<() => void>();
  const look = () => {
    for (const each of [...waiting]) each();
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      look();
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      over = true;
      look();
      resolve({ code, signal, output });
    });
  });
  return {
    output: () => output,
    says(part) {
      const pattern =
        typeof part === "string" ? new RegExp(part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")) : part;
      return new Promise((resolve, reject) => {
        const check = () => {
          const match = pattern.exec(output);
          if (!match && !over) return;
          waiting.delete(check);
          if (match) resolve(match);
          else reject(new Error(`It ended without saying ${part}. What it said:\n${output}`));
        };
        waiting.add(check);
        check();
      });
    },
    type: (line) => child.stdin.write(`${line}\n`),
    endInput: () => child.stdin.end(),
    kill: (signal) => child.kill(signal),
    ended,
  };
}
