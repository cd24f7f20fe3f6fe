// `npm start`, `npm test` and their like on a machine that has only Node, npm and a compiler: installs the
// pinned pnpm under .tools/ and the dependencies, builds what changed, and runs the command. No dependencies
// of its own.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { abortsByHook, compileFlags, HOOK_HEADER, headersVersion, needsHookHeader } from "./binding.mjs";
import { withInstallLock } from "./install-lock.mjs";
import { runServer } from "./run-server.mjs";
import { buildStartSet, START_INSTALL, START_PACKAGES } from "./start-set.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [command = "test", ...rest] = process.argv.slice(2);

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Node ${process.versions.node} is too old: thulp-sessions needs Node 20.19 or newer.`);
}

const env = { ...process.env, CI: "true", TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };
// Where better-sqlite3 has to be compiled, take the headers beside this Node instead of downloading them, and
// never those of another one, which ~/.npmrc may name.
const nodeDir = dirname(dirname(process.execPath));
const [headersMajor] = headersVersion(env.npm_config_nodedir) ?? [];
if (headersMajor !== major && headersVersion(nodeDir)) env.npm_config_nodedir = nodeDir;
// Nothing comes from anywhere but the registry: no prebuilt binding either.
env.npm_config_build_from_source = "true";
// -O1 compiles in a third of the time of -O3 and answers within its noise.
for (const name of ["CFLAGS", "CXXFLAGS"]) if (env[name] === undefined) env[name] = "-O1";
const hookHeader = needsHookHeader(env.npm_config_nodedir) ? readFileSync(HOOK_HEADER) : undefined;
if (hookHeader) compileFlags(env);
/** What the binding was compiled for and against. */
const binding = [
  `node-${process.versions.modules}-${process.platform}-${process.arch}`,
  ...(hookHeader ? [createHash("sha256").update(hookHeader).digest("hex").slice(0, 16)] : []),
].join("-");
// turbo caches what the tests came to for each Node by itself (turbo.json).
env.BOOTSTRAP_NODE = `${process.version}-${binding}`;

const turboFile = join(root, "node_modules", "turbo", "bin", "turbo");
const pnpm = join(root, ".tools", "node_modules", "pnpm", "bin", "pnpm.cjs");
// turbo looks for the package manager there.
env.PATH = [join(root, ".tools", "node_modules", ".bin"), env.PATH ?? env.Path].join(delimiter);
install(command === "start" ? "start" : "all");

const commands = {
  install() {},
  build: () => turbo(["run", "build", "--output-logs=errors-only", ...rest]),
  typecheck: () => run(process.execPath, [join(root, "scripts", "typecheck.mjs")]),
  // Two packages beside each other, each with half of the cores (vitest.shared.ts), since many have one long
  // file. Those of the viewer by themselves: a browser that is starved looks like a page that fails.
  test() {
    const args = ["run", "test", "--output-logs=new-only"];
    if (rest.some((arg) => arg.startsWith("--filter"))) return turbo([...args, "--concurrency=2", ...rest]);
    const viewer = "@thulp-sessions/viewer-tests";
    const status = turboStatus([...args, "--concurrency=2", `--filter=!${viewer}`, ...rest]);
    if (status !== 0 && !rest.includes("--continue")) process.exit(status);
    process.exitCode = turboStatus([...args, `--filter=${viewer}`, ...rest]) || status;
  },
  start() {
    buildStartSet(root, () => quietly([pnpm, ...START_PACKAGES, "run", "build"]));
    runServer(join(root, "apps", "api", "dist", "main.js"), rest, process.env);
  },
  bench() {
    quietly([turboFile, "run", "build", "--output-logs=errors-only"]);
    runNode(join(root, "bench", "dist", "main.js"));
  },
};
if (!Object.hasOwn(commands, command)) {
  fail(`unknown command "${command}": expected one of ${Object.keys(commands).join(", ")}`);
}
commands[command]();

/** What is installed already is not even looked at under the lock: a checkout may be read-only by then. */
function install(set) {
  if (hasPnpm() && hasDependencies(set)) return;
  const tell = (holder) => say(`waiting for process ${holder}, which installs here already`);
  try {
    withInstallLock(join(root, ".install-lock"), tell, () => {
      if (!hasPnpm()) installPnpm();
      if (!hasDependencies(set)) installDependencies(set);
    });
  } catch (error) {
    fail(`cannot install: ${error.message}`);
  }
}

function wantedPnpm() {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager;
}

function hasPnpm() {
  const manifest = join(root, ".tools", "node_modules", "pnpm", "package.json");
  if (!existsSync(manifest)) return false;
  return wantedPnpm() === `pnpm@${JSON.parse(readFileSync(manifest, "utf8")).version}`;
}

function installPnpm() {
  say(`installing ${wantedPnpm().replace("@", " ")} into .tools/`);
  mkdirSync(join(root, ".tools"), { recursive: true });
  writeFileSync(join(root, ".tools", "package.json"), '{ "private": true }\n');
  // npm is a .cmd file on Windows, which only a shell can start.
  run("npm", ["install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error", wantedPnpm()], {
    cwd: join(root, ".tools"),
    shell: process.platform === "win32",
  });
}

/** A stamp in node_modules remembers for which Node, which files and which packages was installed. */
function stampFile() {
  return join(root, "node_modules", ".bootstrap-stamp");
}

function stampBefore() {
  const [binding, files, set] = existsSync(stampFile()) ? readFileSync(stampFile(), "utf8").split(" ") : [];
  return { binding, files, set };
}

function hashOfFiles() {
  const hash = createHash("sha256");
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json"])
    hash.update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function hasDependencies(set) {
  const before = stampBefore();
  const isInstalled = before.set === set || before.set === "all";
  return before.binding === binding && before.files === hashOfFiles() && isInstalled;
}

/** Installs anew when the lockfile, the workspace or this Node changed, or when only another set is there. */
function installDependencies(set) {
  const before = stampBefore();
  say("installing dependencies (the first time compiles better-sqlite3: under a minute)");
  // Half of it counts as nothing: after a stop it is installed the next time.
  if (before.binding !== undefined) writeFileSync(stampFile(), `${before.binding} unfinished none`);
  const selected = set === "start" && before.set !== "all" ? START_INSTALL : [];
  const report = ["--reporter=append-only", "--loglevel=warn"];
  run(process.execPath, [pnpm, "install", "--frozen-lockfile", ...selected, ...report]);
  const packages = selected.length > 0 ? START_PACKAGES : ["-r"];
  const rebuild = () => run(process.execPath, [pnpm, ...packages, "rebuild", "better-sqlite3"]);
  // pnpm keeps what was compiled for each major version of Node and asks neither for its headers nor for our
  // flags.
  if (before.binding !== undefined && before.binding !== binding) {
    say("better-sqlite3 was compiled for another Node, or in another way: compiling it anew");
    rebuild();
  }
  if (abortsByHook(root)) {
    say("this build of better-sqlite3 would abort this Node: compiling it anew (under a minute)");
    rebuild();
  }
  writeFileSync(stampFile(), [binding, hashOfFiles(), selected.length > 0 ? "start" : "all"].join(" "));
}

function turbo(args) {
  const status = turboStatus(args);
  if (status !== 0) process.exit(status);
}

function turboStatus(args) {
  const { status, error } = spawnSync(process.execPath, [turboFile, ...args], {
    cwd: root,
    env,
    stdio: "inherit",
  });
  if (error) fail(`could not run turbo: ${error.message}`);
  return status ?? 1;
}

/** Whoever starts a program wants to see that program; how the build went only if it failed. */
function quietly(args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: "utf8" });
  if (status === 0) return;
  process.stderr.write(`${stdout}${stderr}`);
  process.exit(status ?? 1);
}

/** The program gets this process's terminal and signals; its exit code is ours. */
function runNode(file) {
  const child = spawn(process.execPath, [file, ...rest], { stdio: "inherit", env: process.env });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}

function run(file, args, options = {}) {
  const result = spawnSync(file, args, { cwd: root, env, stdio: "inherit", ...options });
  if (result.error) fail(`could not run ${file}: ${result.error.message}`);
  if (result.status !== 0) process.exit(result.status ?? 1);
}

function say(message) {
  console.error(`thulp-sessions: ${message}`);
}

function fail(message) {
  say(message);
  process.exit(1);
}
