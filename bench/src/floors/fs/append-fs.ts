import fs from "node:fs";
import { dirname, join } from "node:path";
import type { SessionEntry, SessionStore } from "@thulp-sessions/core";
import { type Durability, openFileStore } from "@thulp-sessions/store-fs";
import { type Candidate, compare, report, reportTarget, withFolder } from "../../harness/compare.ts";
import { entry, makeSession } from "../../harness/data.ts";

const CALLERS = 32;
const LENGTHS = [100, 1_000, 10_000];

/**
 * An append to store-fs against the bare writes it consists of, at several lengths of the session, and in
 * groups.
 */
export async function appendFs(quick: boolean): Promise<void> {
  const operations = quick ? 16 : 192;
  for (const durability of ["full", "relaxed"] as const) {
    // Without a sync a window is over in milliseconds, the first dozens of them before all code is compiled.
    const rounds = quick ? 2 : durability === "full" ? 25 : 121;
    await withFolder(async (dir) => {
      const store = await openFileStore({ dir, durability });
      const [bare, ...others] = await candidates(store, dir, operations, durability, quick);
      const results = await compare([bare as Candidate, ...others], rounds);
      report(`append, store-fs, durability ${durability}, against bare writes of the same bytes`, results);
      const [base, short, , long, together, whole] = results;
      reportTarget("the 10,000th append against the 100th", long, short);
      reportTarget("an append against the bare write", short, base);
      if (durability === "full") {
        reportTarget(`one caller against ${CALLERS}`, short, together);
        reportTarget("the whole file rewritten against an append at 10,000", whole, long);
      }
      await store.close();
    });
  }
}

async function candidates(
  store: SessionStore,
  dir: string,
  operations: number,
  durability: Durability,
  quick: boolean,
): Promise<Candidate[]> {
  const sync = durability === "full";
  const appending = await Promise.all(
    LENGTHS.map(async (length) => ({
      ...appendingTo(store, await makeSession(store, length), length, operations),
      ...(sync && { syncs: operations }),
    })),
  );
  return [
    bareAppend(dir, operations, sync),
    ...appending,
    {
      ...together(store, await makeSession(store, 100), operations),
      ...(sync && { syncs: Math.ceil((operations * 4) / CALLERS) }),
    },
    ...(sync ? [wholeFile(dir, quick ? 1 : 3)] : []),
  ];
}

/** The entries of each window are made before it: a caller who appends has the entry already. */
function withEntries(
  name: string,
  operations: number,
  run: (entries: readonly SessionEntry[]) => Promise<void>,
): Candidate {
  let entries: SessionEntry[] = [];
  return {
    name,
    operations,
    prepare() {
      entries = Array.from({ length: operations }, (_, i) => entry(i));
    },
    run: () => run(entries),
  };
}

let time = 1_700_000_000_000;

function appendingTo(store: SessionStore, id: string, length: number, operations: number): Candidate {
  return withEntries(`store-fs, session of ${length}`, operations, async (entries) => {
    for (const each of entries) await store.append(id, [each], { at: time++ });
  });
}

function together(store: SessionStore, id: string, operations: number): Candidate {
  return withEntries(`store-fs, ${CALLERS} callers on one session`, operations * 4, async (entries) => {
    const caller = async (first: number) => {
      for (let i = first; i < entries.length; i += CALLERS) {
        await store.append(id, [entries[i] as SessionEntry], { at: time++ });
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, (_, first) => caller(first)));
  });
}

/** JSON.stringify, a positioned write, and fdatasync where the durability is full. */
function bareAppend(dir: string, operations: number, sync: boolean): Candidate {
  const descriptor = fs.openSync(join(dir, "bare"), "w+");
  let position = 0;
  const name = sync ? "bare positioned write + fdatasync" : "JSON.stringify + bare positioned write";
  const candidate = withEntries(name, operations, async (entries) => {
    for (const each of entries) {
      const bytes = Buffer.from(JSON.stringify(each, null, 2));
      position += fs.writeSync(descriptor, bytes, 0, bytes.length, position);
      if (sync) await new Promise<void>((resolve) => fs.fdatasync(descriptor, () => resolve()));
    }
  });
  return { ...candidate, ...(sync && { syncs: operations }) };
}

/** What a session of 10,000 entries costs the original: it rewrites the whole file for each entry. */
function wholeFile(dir: string, operations: number): Candidate {
  const path = join(dir, "whole");
  const session = { metadata: {}, entries: Array.from({ length: 10_000 }, (_, i) => entry(i)), context: {} };
  const fsync = (descriptor: number) => new Promise<void>((resolve) => fs.fsync(descriptor, () => resolve()));
  return {
    name: "whole file of 10,000 rewritten: JSON, fsync, rename",
    operations,
    syncs: 2 * operations,
    async run() {
      for (let i = 0; i < operations; i++) {
        session.entries.push(entry(i));
        const descriptor = fs.openSync(`${path}.tmp`, "w");
        fs.writeSync(descriptor, JSON.stringify(session, null, 2));
        await fsync(descriptor);
        fs.closeSync(descriptor);
        fs.renameSync(`${path}.tmp`, path);
        const folder = fs.openSync(dirname(path), "r");
        await fsync(folder);
        fs.closeSync(folder);
      }
    },
  };
}
