import { execFileSync } from "node:child_process";

/**
 * Runs a script in a process of its own and gives what it prints, parsed. An error of the child is an error
 * here.
 */
export function runChild<T>(script: string, args: readonly string[], nodeArgs: readonly string[] = []): T {
  const text = execFileSync(process.execPath, [...nodeArgs, script, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return JSON.parse(text);
}
