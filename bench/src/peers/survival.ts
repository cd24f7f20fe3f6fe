import fs from "node:fs";
import { join, relative } from "node:path";
import { newUuid } from "@thulp-sessions/core";
import { withFolder } from "../harness/compare.ts";
import { printTable } from "../harness/recording.ts";
import type { Row } from "../harness/results.ts";
import { CandidateProcess } from "./candidate-process.ts";
import type { Durability } from "./candidates/adapter.ts";
import { type CatalogEntry, catalog } from "./candidates/catalog.ts";

/**
 * How a run has ended: `lost` when something acknowledged is missing, `unreadable` when nothing can be read
 * or written any more.
 */
type Outcome = "kept" | "lost" | "unreadable";
type Run = (pair: Pair, folder: string) => Promise<Outcome>;

/** Two processes of one candidate, which open a folder of their own in each run. */
interface Pair {
  readonly candidate: CatalogEntry;
  readonly durability: Durability;
  readonly writer: CandidateProcess;
  readonly other: CandidateProcess;
}

/** So long that writing all of it takes a while. */
const LENGTH = 2_000;
const EACH_WRITER = 50;

/** Do acknowledged entries survive a killed writer, two writers at the same time, and a torn tail? */
export async function survival(quick: boolean): Promise<void> {
  const times = quick ? 1 : 20;
  const survivors = catalog.filter(({ id, files }) => files || id === "sqlite" || id === "bare-sqlite");
  const runs: Record<string, Run> = {
    "killed writer": killed,
    "two writers": twoWriters,
    "torn tail": tornTail,
  };
  const rows: Row[] = [];
  for (const candidate of survivors) {
    for (const durability of quick ? candidate.durabilities.slice(0, 1) : candidate.durabilities) {
      const cells: (number | null)[] = [];
      await withFolder(async (folder) => {
        const [writer, other] = await Promise.all(
          ["a", "b"].map((name) => CandidateProcess.open(candidate, durability, join(folder, name))),
        );
        if (!writer || !other) return;
        for (const run of Object.values(runs)) {
          const outcomes: Outcome[] = [];
          for (let n = 0; n < times; n++)
            outcomes.push(await withFolder((own) => run({ candidate, durability, writer, other }, own)));
          const share = (which: Outcome) => outcomes.filter((each) => each === which).length / times;
          cells.push(share("lost"), share("unreadable"));
        }
        await Promise.all([writer.end("SIGTERM"), other.end("SIGTERM")]);
      });
      rows.push({ name: `${candidate.title}, ${durability}`, cells });
    }
  }
  printTable({
    title: `share of ${times} runs in which acknowledged entries are lost, or the session cannot be read or written any more`,
    columns: Object.keys(runs).flatMap((name) => [
      { label: `${name}: lost`, unit: "share" as const },
      { label: `${name}: unreadable`, unit: "share" as const },
    ]),
    rows,
  });
}

/**
 * A writer is killed with -9 in the middle; another process reads what is there, appends, and reads again.
 */
async function killed({ candidate, durability, other }: Pair, folder: string): Promise<Outcome> {
  const id = newUuid();
  const victim = await CandidateProcess.open(candidate, durability, folder);
  await victim.ask("make", { ids: [id], length: LENGTH, touch: true });
  const acknowledged = await victim.killWhileWriting({ id, name: "w" }, 3, Math.random() * 20);
  return verify(other, folder, id, LENGTH + 1, names("w", acknowledged));
}

/** Two processes append to one session, each after it has read it. */
async function twoWriters({ writer, other }: Pair, folder: string): Promise<Outcome> {
  const id = newUuid();
  await writer.ask("reopen", { folder });
  await writer.ask("make", { ids: [id], length: 20, touch: false });
  await other.ask("reopen", { folder });
  const results = await Promise.allSettled([
    writer.ask("writeSome", { id, name: "a", count: EACH_WRITER }),
    other.ask("writeSome", { id, name: "b", count: EACH_WRITER }),
  ]);
  // What a writer that failed had acknowledged before is not known here.
  const acknowledged = ["a", "b"].flatMap((name, i) =>
    results[i]?.status === "fulfilled" ? names(name, EACH_WRITER) : [],
  );
  return verify(other, folder, id, 20, acknowledged);
}

/**
 * What a loss of power can leave: the last entry was under way, so that some of its bytes are missing or
 * zero. Everything before it was acknowledged, and so is what another process appends after it.
 */
async function tornTail({ writer, other }: Pair, folder: string): Promise<Outcome> {
  const id = newUuid();
  const before = join(folder, "before");
  const after = join(folder, "after");
  const own = join(folder, "own");
  fs.mkdirSync(own);
  await writer.ask("reopen", { folder: own });
  await writer.ask("make", { ids: [id], length: 20, touch: false });
  await writer.ask("writeSome", { id, name: "w", count: 5 });
  // Copied while it is open: what a process that dies in this moment would leave.
  await copy(own, before);
  const inodes = new Map(logs(own).map((path) => [relative(own, path), fs.statSync(path).ino]));
  await writer.ask("writeSome", { id, name: "torn", count: 1 });
  await copy(own, after);
  for (const path of logs(own)) {
    const name = relative(own, path);
    const old = join(before, name);
    if (fs.statSync(path).ino === inodes.get(name)) {
      tear(join(after, name), fs.statSync(old).size);
    } else {
      // A new file was synced before it got its name: until then the old one stands there, beside a torn one.
      fs.renameSync(join(after, name), join(after, `${name}.tmp`));
      fs.copyFileSync(old, join(after, name));
      tear(join(after, `${name}.tmp`), 0);
    }
  }
  return verify(other, after, id, 20, names("w", 5));
}

/**
 * Copies a folder while no lock is held in it: the writer is alive, and a copy of its lock would never be
 * released.
 */
async function copy(from: string, to: string): Promise<void> {
  const locked = () =>
    fs.readdirSync(from, { recursive: true }).some((name) => String(name).endsWith(".lock"));
  while (locked()) await new Promise((resolve) => setTimeout(resolve, 2));
  // The sockets beside locks cannot be copied, and say nothing of a process that is gone.
  fs.cpSync(from, to, { recursive: true, filter: (source) => !fs.lstatSync(source).isSocket() });
}

/** The files that end with what was appended last: a database has it in its log. */
function logs(folder: string): string[] {
  const files = fs
    .readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name));
  const wals = files.filter((path) => path.endsWith("-wal"));
  return wals.length > 0 ? wals : files.filter((path) => /\.jsonl?$/.test(path));
}

/** Of the bytes that were written last, those behind a random place are cut off or made zero. */
function tear(path: string, sizeBefore: number): void {
  const size = fs.statSync(path).size;
  // A log that is written over from its beginning has not grown; then what may be torn is its last page.
  const under = size > sizeBefore ? size - sizeBefore : Math.min(size, 4096);
  const from = size - 1 - Math.floor(Math.random() * (under - 1));
  if (Math.random() < 0.5) fs.truncateSync(path, from);
  else {
    const file = fs.openSync(path, "r+");
    fs.writeSync(file, Buffer.alloc(size - from), 0, size - from, from);
    fs.closeSync(file);
  }
}

async function verify(
  reader: CandidateProcess,
  folder: string,
  id: string,
  before: number,
  acknowledged: readonly string[],
): Promise<Outcome> {
  const missing = async (wanted: readonly string[]) => {
    const texts = (await reader.ask("texts", { id })) as string[];
    const there = new Set(texts);
    return texts.length < before + wanted.length || wanted.some((name) => !there.has(name));
  };
  try {
    await reader.ask("reopen", { folder });
    if (await missing(acknowledged)) return "lost";
    await reader.ask("writeSome", { id, name: "next", count: 1 });
    return (await missing([...acknowledged, ...names("next", 1)])) ? "lost" : "kept";
  } catch {
    return "unreadable";
  }
}

function names(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${name}:${n}`);
}
