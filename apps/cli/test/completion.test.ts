import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { expect, it } from "vitest";
import { MAIN, NO_TERMINAL, ok, type RunOptions, tempFolder } from "./harness.ts";

const OLDER = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";
const NEWER = "0190a3c5-8000-7c3a-9d4f-2a6b8c0d1e30";

/** Two sessions, and the command under its name in PATH. */
function shellPlace(): RunOptions & { readonly env: Record<string, string> } {
  const cwd = tempFolder();
  const bin = join(cwd, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "thulp-sessions"), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  chmodSync(join(bin, "thulp-sessions"), 0o755);
  const { PATH = "" } = process.env;
  const env = { THULP_SESSIONS_STORE: "fs:s", PATH: `${bin}:${PATH}`, HOME: cwd, TERM: "xterm" };
  ok({ cwd, env }, "create", "Older: with a colon", "--id", OLDER);
  ok({ cwd, env }, "create", "Newer 😀", "--id", NEWER);
  return { cwd, env };
}

function shell({ cwd, env }: ReturnType<typeof shellPlace>, file: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(file, args, { cwd, env, encoding: "utf8" });
  if (status !== 0) throw new Error(`${file} ended with ${status}: ${stdout}${stderr}`);
  return stdout;
}

function missing(name: string): string | null {
  return spawnSync(name, ["-c", "exit 0"]).status === 0 ? null : `no ${name} here`;
}

const named = (name: string, reason: string | null) => (reason ? `${name} (skipped: ${reason})` : name);

it.skipIf(missing("bash"))(
  named("bash completes commands, options and ids, newest first", missing("bash")),
  () => {
    const at = shellPlace();
    const complete = (...words: string[]) =>
      shell(
        at,
        "bash",
        "-c",
        `source <(thulp-sessions completion bash); complete -p thulp-sessions >&2; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _thulp_sessions; printf "%s\\n" "\${COMPREPLY[@]}"`,
        "bash",
        "thulp-sessions",
        ...words,
      )
        .trim()
        .split("\n");
    expect(complete("compl")).toEqual(["complete", "completion"]);
    expect(complete("list", "--sta")).toEqual(["--status"]);
    expect(complete("show", "")).toEqual([NEWER, OLDER]);
    expect(complete("show", NEWER.slice(0, 12))).toEqual([NEWER]);
    expect(complete("import", "b")).toEqual(["bin"]);
  },
);

it.skipIf(missing("fish"))(named("fish completes the same, and says what each is", missing("fish")), () => {
  const at = shellPlace();
  const complete = (line: string) =>
    shell(at, "fish", "-c", `thulp-sessions completion fish | source; complete -C"thulp-sessions ${line}"`)
      .trim()
      .split("\n");
  expect(complete("compl")).toEqual([
    "complete\tset a session completed",
    "completion\tcompletion for bash, zsh or fish",
  ]);
  expect(complete("list --sta")).toEqual([expect.stringMatching(/^--status\t/)]);
  expect(complete("show ")).toEqual([
    `${NEWER}\tNewer 😀 (active)`,
    `${OLDER}\tOlder: with a colon (active)`,
  ]);
  expect(complete("import b")).toEqual(["bin/"]);
});

const noZsh = missing("zsh") ?? NO_TERMINAL;
it.skipIf(noZsh)(named("zsh completes the same at its prompt", noZsh), () => {
  const at = shellPlace();
  const steps = [
    ["# ", "PS1='REA''DY> '; autoload -U compinit; compinit -u; source <(thulp-sessions completion zsh)\n"],
    // Only the end of the id is told by the shell.
    ["READY> ", `thulp-sessions show ${OLDER.slice(0, 11)}\t`],
    [OLDER.slice(-6), "\n"],
    ["READY> ", "thulp-sessions list --sta\t"],
    ["tus", " act\t"],
    ["ive", "\n"],
    ["READY> ", "thulp-sessions show 0190\t\t"],
    // Clears the line: a Ctrl-C could come while the shell is still drawing its list.
    ["Older", "\u0015exit 0\n"],
  ];
  const terminal = join(import.meta.dirname, "terminal.py");
  const env = { ...at.env, PAGER: "cat", NO_COLOR: "1", PROMPT: "# " };
  const told = shell({ ...at, env }, "python3", terminal, "120", JSON.stringify(steps), "zsh", "-f", "-i");
  expect(told).toContain(`id       ${OLDER}`);
  expect(told).toMatch(/ID .*NAME/);
  // Newest first, each with what it is.
  expect(stripVTControlCharacters(told)).toMatch(
    new RegExp(`${NEWER} +-- Newer.*\\n.*${OLDER} +-- Older: with a colon`),
  );
});
