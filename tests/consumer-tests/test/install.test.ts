import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { run } from "./outside.ts";
import { outsideFolder, ROOT } from "./packed.ts";

/** How the bootstrap installs, with a pnpm that only says what it is asked for. */
const parent = outsideFolder("install");
let folder: string;
let made = 0;

beforeEach(() => {
  folder = join(parent, String(made++));
  mkdirSync(folder, { recursive: true });
  for (const name of ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml"])
    cpSync(join(ROOT, name), join(folder, name));
  cpSync(join(ROOT, "scripts"), join(folder, "scripts"), { recursive: true });
  const { packageManager } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const pnpm = join(folder, ".tools", "node_modules", "pnpm");
  mkdirSync(join(pnpm, "bin"), { recursive: true });
  writeFileSync(join(pnpm, "package.json"), JSON.stringify({ version: packageManager.split("@")[1] }));
  pnpmDoes(`fs.mkdirSync("node_modules", { recursive: true });`);
});

/** Each call adds a line when it begins and one when it ends. */
function pnpmDoes(body: string): void {
  const file = join(folder, ".tools", "node_modules", "pnpm", "bin", "pnpm.cjs");
  const log = (word: string) => `fs.appendFileSync("calls.log", "${word} " + process.argv[2] + "\\n");`;
  writeFileSync(file, `const fs = require("node:fs");\n${log("begins")}\n${body}\n${log("ends")}\n`);
}

function calls(): string[] {
  return readFileSync(join(folder, "calls.log"), "utf8").trim().split("\n");
}

function install() {
  return run(process.execPath, ["scripts/bootstrap.mjs", "install"], { cwd: folder });
}

const ONE_INSTALL = ["begins install", "ends install"];

test("two at once: one installs, the other waits and finds it done", async () => {
  pnpmDoes(`
    fs.mkdirSync("node_modules", { recursive: true });
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    while (!fs.existsSync("go")) Atomics.wait(sleeper, 0, 0, 20);
  `);
  const both = [1, 2].map(() => {
    const child = spawn(process.execPath, ["scripts/bootstrap.mjs", "install"], { cwd: folder });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text) => (said += text));
    return { spoke: once(child.stderr, "data"), closed: once(child, "close"), said: () => said };
  });
  await Promise.all(both.map(({ spoke }) => spoke));
  writeFileSync(join(folder, "go"), "");
  expect(await Promise.all(both.map(({ closed }) => closed))).toEqual([
    [0, null],
    [0, null],
  ]);
  expect(calls()).toEqual(ONE_INSTALL);
  const [installing, waiting] = both.map(({ said }) => said()).sort();
  expect(installing).toContain("installing dependencies");
  expect(waiting).toMatch(/^thulp-sessions: waiting for process \d+, which installs here already\n$/);
  expect(readdirSync(folder).filter((name) => name.startsWith(".install-lock"))).toEqual([]);
});

test("what was installed is not installed again", async () => {
  await install();
  expect(await install()).toMatchObject({ code: 0, output: "" });
  expect(calls()).toEqual(ONE_INSTALL);
});

test("one that was stopped half-way is done again", async () => {
  await install();
  writeFileSync(join(folder, "pnpm-workspace.yaml"), "# changed\n");
  pnpmDoes("process.exit(7);");
  expect((await install()).code).toBe(7);
  cpSync(join(ROOT, "pnpm-workspace.yaml"), join(folder, "pnpm-workspace.yaml"));
  pnpmDoes("");
  expect((await install()).code).toBe(0);
  expect(calls()).toEqual([...ONE_INSTALL, "begins install", ...ONE_INSTALL]);
});

test("the lock of one that was killed is taken over", async () => {
  const gone = spawn(process.execPath, ["--version"]);
  await once(gone, "close");
  mkdirSync(join(folder, ".install-lock"));
  writeFileSync(join(folder, ".install-lock", "holder"), String(gone.pid));
  expect((await install()).code).toBe(0);
  expect(calls()).toEqual(ONE_INSTALL);
});

test("many take turns, and none meets the lock of another as an error", async () => {
  const program = `
    import { appendFileSync } from "node:fs";
    import { withInstallLock } from "./scripts/install-lock.mjs";
    for (let i = 0; i < 200; i++) {
      withInstallLock(".install-lock", () => {}, () => {
        appendFileSync("calls.log", "begins\\n");
        appendFileSync("calls.log", "ends\\n");
      });
    }`;
  const all = [1, 2, 3, 4].map(() =>
    run(process.execPath, ["--input-type=module", "-e", program], { cwd: folder }),
  );
  for (const { code, output } of await Promise.all(all))
    expect({ code, output }).toEqual({ code: 0, output: "" });
  expect(calls()).toEqual(Array.from({ length: 800 }, () => ["begins", "ends"]).flat());
}, 60_000);
