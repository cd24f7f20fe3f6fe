import { execFileSync, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { type Candidate, compare, report, reportTarget, withFolder } from "../harness/compare.ts";
import { recordFigure } from "../harness/recording.ts";
import { bareRows } from "./bare-rows.ts";

const COMMAND = fileURLToPath(new URL("../../../apps/cli/dist/main.js", import.meta.url));
/** Makes a process print the most memory that it had, when it ends. */
const PRINT_PEAK = new URL("../harness/print-peak.js", import.meta.url).href;

const FILE_BYTES = 100_000;
/** How many files of this size are imported concurrently (512 KiB of them), and may share a commit. */
const AT_ONCE = 5;
const LIVE_FILES = 50;
/** Each of the live files gets a line so often. */
const WRITE_EVERY_MS = 10_000;

/**
 * The first import of the histories of Claude Code into SQLite, against a bare loop that reads and parses the
 * same files and inserts the same rows, in one transaction for each file; the second import, of files that
 * have not changed; what it takes in memory; and what it takes to follow files that are written. Each in a
 * process of its own, from its start to its end.
 */
export async function importing(quick: boolean): Promise<void> {
  const files = quick ? 10 : 2_000;
  await withFolder(async (folder) => {
    const dir = join(folder, "projects", "clock");
    fs.mkdirSync(dir, { recursive: true });
    for (let i = 0; i < files; i++) writeSession(join(dir, `${randomUUID()}.jsonl`), FILE_BYTES);
    await firstImport(folder, dir, files, quick ? 1 : 3);
    secondImport(folder, dir, files, quick ? 1 : 3);
    await following(folder, quick ? 200 : 60_000);
  });
}

async function firstImport(folder: string, dir: string, files: number, rounds: number): Promise<void> {
  const file = join(folder, "first.db");
  const candidate = (name: string, args: readonly string[], syncs: number): Candidate => ({
    name,
    operations: files,
    inChildren: true,
    syncs,
    run: async () => void run(folder, args),
    after: async () => removeStore(folder, file),
  });
  const [bare, ours] = await compare(
    [
      candidate("read, parse, insert", [import.meta.filename, dir, file], files),
      candidate("thulp-sessions import", importArgs(dir, file), Math.floor(files / AT_ONCE)),
    ],
    rounds,
  );
  report(
    `importing ${files} files of Claude Code of ${FILE_BYTES / 1000} KB into sqlite, full: for one file`,
    [bare, ours].filter((each) => each !== undefined),
  );
  reportTarget("the rate of the first import against that of the bare loop", bare, ours);
}

function secondImport(folder: string, dir: string, files: number, rounds: number): void {
  const file = join(folder, "second.db");
  const [firsts, seconds]: [number[], number[]] = [[], []];
  let megabytes = 0;
  for (let round = 0; round < rounds; round++) {
    firsts.push(
      secondsOf(() => {
        megabytes = Math.max(megabytes, peakOf(folder, importArgs(dir, file)));
      }),
    );
    seconds.push(secondsOf(() => run(folder, importArgs(dir, file))));
    removeStore(folder, file);
  }
  const result = (name: string, windows: readonly number[]) => {
    const sorted = windows.toSorted((a, b) => a - b).map((each) => (each * 1e6) / files);
    const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] as number;
    const windowsUs = windows.map((each) => (each * 1e6) / files);
    return { name, medianUs: at(0.5), lowUs: at(0.25), highUs: at(0.75), windowsUs };
  };
  const [first, second] = [result("the first import", firsts), result("the second import", seconds)];
  report(`importing ${files} files of Claude Code again, unchanged: for one file`, [first, second]);
  reportTarget("the first import against the second", first, second);
  recordFigure({ what: "memory of the first import", value: megabytes, unit: " MB" });
}

/** The most memory that a command had, in MB. */
function peakOf(folder: string, args: readonly string[]): number {
  const { status, stderr } = spawnSync(process.execPath, ["--import", PRINT_PEAK, ...args], {
    encoding: "utf8",
    env: environmentIn(folder),
  });
  if (status !== 0) throw new Error(`thulp-sessions import ended with ${status}: ${stderr}`);
  return Math.round(Number(stderr.trim().split("\n").at(-1)));
}

/** How much of a core it takes to follow files, some of which are written. */
async function following(folder: string, windowMs: number): Promise<void> {
  const dir = join(folder, "live", "projects", "clock");
  fs.mkdirSync(dir, { recursive: true });
  const files = Array.from({ length: LIVE_FILES }, () => join(dir, `${randomUUID()}.jsonl`));
  for (const file of files) writeSession(file, FILE_BYTES, Date.now());
  const store = join(folder, "follow.db");
  const args = [
    COMMAND,
    "follow",
    "--from",
    "claude-code",
    join(folder, "live"),
    "--store",
    `sqlite:${store}`,
  ];
  const child = spawn(process.execPath, args, { stdio: "ignore", env: environmentIn(folder) });
  try {
    await until(() => sessionsIn(store) === LIVE_FILES);
    // What was just written is read once more when it is quiet, and then the index of searches is made.
    await sleep(Math.min(20_000, windowMs));
    const quiet = await shareOfCore(child.pid as number, windowMs);
    recordFigure({ what: "share of a core of following 50 files, none of them written", value: quiet });
    let [next, written] = [0, 0];
    const timer = setInterval(() => {
      fs.appendFileSync(files[next++ % LIVE_FILES] as string, line(0, written++));
    }, WRITE_EVERY_MS / LIVE_FILES);
    const busy = await shareOfCore(child.pid as number, windowMs);
    clearInterval(timer);
    recordFigure({ what: "share of a core of following 50 files, each written every 10 s", value: busy });
  } finally {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill();
    await ended;
  }
}

async function until(isSo: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 60_000; !isSo(); ) {
    if (Date.now() > deadline) throw new Error("what is followed was not taken in within a minute");
    await sleep(50);
  }
}

function sessionsIn(file: string): number {
  if (!fs.existsSync(file)) return 0;
  const db = new Database(file, { readonly: true });
  try {
    return db.prepare("SELECT count(*) FROM sessions").pluck().get() as number;
  } catch {
    // It is being made.
    return 0;
  } finally {
    db.close();
  }
}

/** Of the processor, in all threads of a process, while it is let alone; `NaN` where no system says it. */
async function shareOfCore(pid: number, ms: number): Promise<number> {
  const before = ticksOf(pid);
  const began = performance.now();
  await sleep(ms);
  // The kernel counts 100 ticks a second for programs, whatever its own clock is.
  return (ticksOf(pid) - before) / 100 / ((performance.now() - began) / 1000);
}

function ticksOf(pid: number): number {
  try {
    const fields = fs
      .readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return Number.NaN;
  }
}

function importArgs(dir: string, file: string): readonly string[] {
  return [
    COMMAND,
    "import",
    "--from",
    "claude-code",
    dir,
    "--store",
    `sqlite:${file}`,
    "--durability",
    "full",
  ];
}

function run(folder: string, args: readonly string[]): void {
  const stdio = ["ignore", "ignore", "pipe"] as const;
  execFileSync(process.execPath, args, { stdio: [...stdio], env: environmentIn(folder) });
}

function secondsOf(work: () => void): number {
  const began = performance.now();
  work();
  return (performance.now() - began) / 1000;
}

/** What was imported is remembered beside the other data of this bench. */
function environmentIn(folder: string): NodeJS.ProcessEnv {
  return { ...process.env, XDG_STATE_HOME: join(folder, "state"), LOCALAPPDATA: join(folder, "state") };
}

function removeStore(folder: string, file: string): void {
  for (const end of ["", "-wal", "-shm"]) fs.rmSync(`${file}${end}`, { force: true });
  fs.rmSync(join(folder, "state"), { recursive: true, force: true });
}

const WORDS =
  "the cogs of a clock turn its hands and a spring that is wound turns the cogs in their order".split(" ");

/** Some prose of about so many letters, another one for each number. */
function prose(number: number, length: number): string {
  let text = "";
  for (let i = number; text.length < length; i += 7) text += `${WORDS[i % WORDS.length]} `;
  return text;
}

/** A line as Claude Code writes it: a prompt, a reply with a call, its result, in turns. */
function line(second: number, number: number): string {
  const common = {
    parentUuid: number === 0 ? null : randomUUID(),
    isSidechain: false,
    userType: "external",
    cwd: "/home/ada/clock",
    version: "2.1.239",
    gitBranch: "main",
    uuid: randomUUID(),
    timestamp: new Date(Date.UTC(2026, 2, 1, 9, 0, second)).toISOString(),
  };
  const id = `toolu_${Math.floor(number / 3)}`;
  const content = [
    prose(number, 300),
    [
      { type: "text", text: prose(number, 400) },
      { type: "tool_use", id, name: "Read", input: { file_path: `/home/ada/clock/${number}.ts` } },
    ],
    [{ type: "tool_result", tool_use_id: id, content: prose(number, 1_200) }],
  ][number % 3];
  const isReply = number % 3 === 1;
  const usage = { input_tokens: 1_000, output_tokens: 100, cache_read_input_tokens: 20_000 };
  const message = isReply
    ? { id: `msg_${number}`, role: "assistant", model: "claude-x", content, usage }
    : { role: "user", content };
  const record = { ...common, type: isReply ? "assistant" : "user", message };
  return `${JSON.stringify(isReply ? { ...record, requestId: `req_${number}` } : record)}\n`;
}

/** A session that was written some time ago: what was changed a moment ago is read again by every import. */
function writeSession(path: string, bytes: number, at = Date.now() - 60_000): void {
  let text = "";
  for (let i = 0; text.length < bytes; i++) text += line(i, i);
  fs.writeFileSync(path, text);
  fs.utimesSync(path, at / 1000, at / 1000);
}

/** The floor: the rows of the same tables with the same indices, by bare prepared statements. */
async function importBare(dir: string, file: string): Promise<void> {
  const { db, session, context, tag, entry } = await bareRows(file, "full");
  const tags = ["agent:claude-code", "project:/home/ada/clock", "branch:main"];
  const typeFields = JSON.stringify({ agentName: "claude-code" });
  const insert = db.transaction((id: string, lines: readonly string[], revision: number) => {
    const records = lines.map((each) => JSON.parse(each));
    const times = records.map(({ timestamp }) => Date.parse(timestamp));
    const [first, last] = [times[0] as number, times.at(-1) as number];
    const { lastInsertRowid: key } = session.run(
      ...[id, "clock", "clock", "agent", typeFields, first, last, "completed", JSON.stringify(tags), null],
      ...[lines.length, lines.length, lines.length, revision],
    );
    context.run(key, JSON.stringify({ source: { agent: "claude-code", nativeId: id } }));
    for (const each of tags) tag.run(key, each, id, first, last);
    for (const [seq, record] of records.entries()) {
      const type = record.type === "user" ? "user_message" : "assistant_message";
      entry.run(key, seq, randomUUID(), times[seq], type, null, JSON.stringify({ record }));
    }
  });
  let revision = 0;
  for (const name of fs.readdirSync(dir)) {
    const lines = fs.readFileSync(join(dir, name), "utf8").split("\n").slice(0, -1);
    insert.immediate(name.slice(0, -".jsonl".length), lines, ++revision);
  }
  db.close();
}

const [started, from, to] = process.argv.slice(1);
if (started === import.meta.filename && from && to) await importBare(from, to);
