import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openFileStore } from "@thulp-sessions/store-fs";
import { type Candidate, compare, report, reportTarget, withFolder } from "../harness/compare.ts";
import { entry, makeSession } from "../harness/data.ts";
import { recordFigure } from "../harness/recording.ts";
import { bareRows } from "./bare-rows.ts";

const COMMAND = fileURLToPath(new URL("../../../apps/cli/dist/main.js", import.meta.url));
/** Makes a process print the most memory that it had, when it ends. */
const PRINT_PEAK = new URL("../harness/print-peak.js", import.meta.url).href;

const ENTRIES = 20;

/** How many sessions are copied concurrently, and may share a commit. */
const AT_ONCE = 64;

/**
 * `thulp-sessions copy` from a folder of files to a SQLite file, each session read back and compared, against
 * a bare loop that reads and parses the same files and inserts the same rows in one transaction each. Each in
 * a process of its own, from its start to its end, at both durabilities.
 */
export async function copy(quick: boolean): Promise<void> {
  const rounds = quick ? 1 : 3;
  const sessions = quick ? 100 : 10_000;
  await withFolder(async (folder) => {
    const dir = join(folder, "sessions");
    const store = await openFileStore({ dir, durability: "relaxed" });
    for (let i = 0; i < sessions; i++) await makeSession(store, ENTRIES);
    await store.close();
    const file = join(folder, "copy.db");
    const candidate = (name: string, args: readonly string[], syncs: number): Candidate => ({
      name,
      operations: sessions,
      inChildren: true,
      syncs,
      run: async () => void execFileSync(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] }),
      async after() {
        for (const end of ["", "-wal", "-shm"]) fs.rmSync(`${file}${end}`, { force: true });
      },
    });
    for (const durability of ["full", "relaxed"]) {
      const command = [COMMAND, "copy", `fs:${dir}`, `sqlite:${file}`, "--durability", durability];
      const commits = durability === "full" ? sessions : 0;
      const [bare, ours] = await compare(
        [
          candidate("read, parse, insert", [import.meta.filename, dir, file, durability], commits),
          candidate("thulp-sessions copy", command, Math.floor(commits / AT_ONCE)),
        ],
        rounds,
      );
      report(
        `copying ${sessions} sessions of ${ENTRIES} entries, fs to sqlite, ${durability}: for one session`,
        [bare, ours].filter((each) => each !== undefined),
      );
      reportTarget("the rate of copy against that of the bare loop", bare, ours);
    }
  });
}

/** How much memory it takes to copy a large session, in both directions. */
export async function copyMemory(quick: boolean): Promise<void> {
  const wantedBytes = (quick ? 20 : 500) * 1_000_000;
  await withFolder(async (folder) => {
    const dir = join(folder, "sessions");
    const store = await openFileStore({ dir, durability: "relaxed" });
    const id = await makeSession(store, 0);
    const path = join(dir, `${id}.json`);
    while (fs.statSync(path).size < wantedBytes)
      await store.append(
        id,
        Array.from({ length: 2_000 }, (_, i) => entry(i)),
        { at: 1 },
      );
    const { entryCount } = await store.head(id);
    const size = Math.round(fs.statSync(path).size / 1_000_000);
    await store.close();
    console.log(`\nmemory of thulp-sessions copy, one session of ${size} MB (${entryCount} entries)`);
    const stores = [`fs:${dir}`, `sqlite:${join(folder, "copy.db")}`, `fs:${join(folder, "back")}`];
    for (const [i, to] of stores.slice(1).entries()) {
      const from = stores[i] ?? "";
      const args = ["--import", PRINT_PEAK, COMMAND, "copy", from, to];
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      if (status !== 0) throw new Error(`thulp-sessions copy ended with ${status}: ${stderr}`);
      const kinds = `${from.split(":")[0]} to ${to.split(":")[0]}`;
      const megabytes = Math.round(Number(stderr));
      console.log(`  ${kinds}: ${megabytes} MB at most`);
      recordFigure({ what: `memory while copying, ${kinds}`, value: megabytes, unit: " MB" });
    }
  });
}

interface File {
  readonly metadata: {
    readonly id: string;
    readonly name: string;
    readonly session_type: { readonly type: string };
    readonly created_at: number;
    readonly updated_at: number;
    readonly status: string;
    readonly tags: readonly string[];
    readonly parent_session: string | null;
  };
  readonly context: object;
  readonly entries: readonly {
    readonly id: string;
    readonly timestamp: number;
    readonly entry_type: { readonly type: string };
    readonly content: unknown;
  }[];
}

/** The floor: the rows of the same tables with the same indices, by bare prepared statements. */
async function copyBare(dir: string, file: string, durability: string): Promise<void> {
  const { db, session, context, tag, entry } = await bareRows(file, durability);
  const insert = db.transaction(({ metadata, context: values, entries }: File, revision: number) => {
    const { id, name, session_type, created_at, updated_at, status, tags, parent_session } = metadata;
    const { type, ...fields } = session_type;
    const count = entries.length;
    const { lastInsertRowid: key } = session.run(
      ...[id, name, name.toLowerCase(), type, JSON.stringify(fields), created_at, updated_at, status],
      ...[JSON.stringify(tags), parent_session, count, 0, count, revision],
    );
    context.run(key, JSON.stringify(values));
    for (const each of tags) tag.run(key, each, id, created_at, updated_at);
    for (const [seq, { id: entryId, timestamp, entry_type, content }] of entries.entries()) {
      const { type: entryType, ...rest } = entry_type;
      const typeFields = Object.keys(rest).length > 0 ? JSON.stringify(rest) : null;
      entry.run(key, seq, entryId, timestamp, entryType, typeFields, JSON.stringify(content));
    }
  });
  let revision = 0;
  for (const name of fs.readdirSync(dir)) {
    if (name.endsWith(".json"))
      insert.immediate(JSON.parse(fs.readFileSync(join(dir, name), "utf8")), ++revision);
  }
  db.close();
}

const [started, from, to, kept] = process.argv.slice(1);
if (started === import.meta.filename && from && to && kept) await copyBare(from, to, kept);
