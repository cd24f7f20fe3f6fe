import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { expect, it } from "vitest";
import { cli, MAIN, NO_TERMINAL, ok, type RunOptions, tempFolder } from "./harness.ts";

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
    const complete = (...words: string[]) => {
      const line = ["thulp-sessions", ...words].join(" ");
      // As bash parts the line: at colons and equals signs too.
      const parts = words.flatMap((word) => (word === "" ? [word] : word.split(/([:=]+)/).filter(Boolean)));
      return shell(
        at,
        "bash",
        "-c",
        `source <(thulp-sessions completion bash); complete -p thulp-sessions >&2; COMP_LINE=$1; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _thulp_sessions; printf "%s\\n" "\${COMPREPLY[@]}"`,
        "bash",
        line,
        "thulp-sessions",
        ...parts,
      )
        .trim()
        .split("\n");
    };
    expect(complete("compl")).toEqual(["complete", "completion"]);
    expect(complete("list", "--sta")).toEqual(["--status"]);
    expect(complete("show", "")).toEqual([NEWER, OLDER]);
    expect(complete("show", NEWER.slice(0, 12))).toEqual([NEWER]);
    expect(complete("import", "b")).toEqual(["bin"]);
    // Behind a URL, and in words of which bash sees only the last part.
    expect(complete("--store", "fs:s", "show", NEWER.slice(0, 15))).toEqual([NEWER]);
    expect(complete("list", "--store=fs:s", "--status=act")).toEqual(["active"]);
    ok(at, "tag", NEWER, "--add", "agent:x y", "--add", "agent:$(touch ran)", "--add", "other");
    expect(complete("list", "--tag", "oth")).toEqual(["other"]);
    expect(complete("list", "--tag", "agent:")).toEqual(["\\$\\(touch\\ ran\\)", "x\\ y"]);
    expect(existsSync(join(at.cwd, "ran"))).toBe(false);
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

const noBash = missing("bash") ?? NO_TERMINAL;
it.skipIf(noBash)(named("bash completes behind a URL at its prompt", noBash), () => {
  const at = shellPlace();
  const steps = [
    ["# ", "PS1='REA''DY> '; eval \"$(thulp-sessions completion bash)\"\n"],
    ["READY> ", `thulp-sessions --store fs:s show ${OLDER.slice(0, 11)}\t`],
    [OLDER.slice(-6), "\n"],
    ["Older: with a colon", "exit 0\n"],
  ];
  const terminal = join(import.meta.dirname, "terminal.py");
  const env = { ...at.env, PAGER: "cat", NO_COLOR: "1", PS1: "# " };
  const told = shell(
    { ...at, env },
    "python3",
    terminal,
    "120",
    JSON.stringify(steps),
    "bash",
    "--norc",
    "--noprofile",
    "-i",
  );
  expect(told).toContain(`id       ${OLDER}`);
});

it("of files the names are looked at, and only those sessions that are shown", () => {
  const at = shellPlace();
  // One that nobody may look into: the reader reports it.
  const broken = "0190a3c6-0000-7c3a-9d4f-2a6b8c0d1e31";
  writeFileSync(join(at.cwd, "s", `${broken}.json`), "broken");
  const complete = (...words: string[]) =>
    ok(at, "__complete", ...words)
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split("\t")[0]);
  const shown = cli(at, "show", NEWER.slice(0, 13), "--head");
  expect(shown.stderr).toBe("");
  expect(shown.stdout).toContain(NEWER);
  expect(cli(at, "show", "0190a3c5").stderr).toContain(`2 sessions begin with 0190a3c5`);
  expect(cli(at, "show", "0190a3c").stderr).toMatch(new RegExp(`${broken}  \\(cannot be read\\)`));
  expect(complete("show", NEWER.slice(0, 13))).toEqual([NEWER]);
  expect(complete("list", "--parent", OLDER.slice(0, 13))).toEqual([OLDER]);
  expect(complete("list", `--parent=${OLDER.slice(0, 13)}`)).toEqual([`--parent=${OLDER}`]);
  expect(complete("show", "9")).toEqual([]);
  expect(readFileSync(join(at.cwd, "s", `${broken}.json`), "utf8")).toBe("broken");
});

it("tags are completed, the most frequent first, without those that a terminal would not show", () => {
  const at = shellPlace();
  ok(at, "tag", NEWER, "--add", "agent:x", "--add", "b", "--add", "hid\u200bden", "--add", "two\nlines");
  ok(at, "tag", OLDER, "--add", "b");
  expect(ok(at, "__complete", "list", "--tag", "")).toBe("b\t2 sessions\nagent:x\t1 session");
  expect(ok(at, "__complete", "tag", NEWER, "--remove=ag")).toBe("--remove=agent:x\t1 session");
});
