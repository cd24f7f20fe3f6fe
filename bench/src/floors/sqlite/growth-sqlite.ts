import { join } from "node:path";
import { newUuid, type SessionStore } from "@thulp-sessions/core";
import { openSqliteStore } from "@thulp-sessions/store-sqlite";
import { compare, report, reportTarget, withFolder } from "../../harness/compare.ts";
import { entry, sessionOf } from "../../harness/data.ts";
import { callers } from "./append-sqlite.ts";

/** The same append into sessions and files of different sizes. */
export async function growthSqlite(quick: boolean): Promise<void> {
  const rounds = quick ? 2 : 21;
  const operations = quick ? 10 : 200;
  const [longSession, smallFile, largeFile] = quick ? [2_000, 100, 5_000] : [100_000, 1_000, 1_000_000];
  await withFolder(async (dir) => {
    const open = (name: string) => openSqliteStore({ file: join(dir, name), durability: "full" });
    const [store, small, large] = [await open("sessions.db"), await open("small.db"), await open("large.db")];
    const empty = await withEntries(store, 0);
    const long = await withEntries(store, longSession);
    const appending = (name: string, to: SessionStore, id: string) => ({
      ...callers(name, to, [id], operations),
      syncs: operations,
    });
    const bySession = await compare(
      [
        appending("a session that was empty", store, empty),
        appending(`a session of ${longSession}`, store, long),
      ],
      rounds,
    );
    report("append, store-sqlite, durability full, into a long session, against an empty one", bySession);
    reportTarget("into the long session, against the empty one", bySession[1], bySession[0]);
    // In sessions of 1,000, as files grow.
    for (const [of, entries] of [
      [small, smallFile],
      [large, largeFile],
    ] as const)
      for (let i = 0; i < entries / 1_000; i++) await withEntries(of, Math.min(entries, 1_000));
    // What filling them has put off is not to be done while appends are measured.
    for (const each of [small, large]) await each.search({ text: "agent", limit: 1 });
    const byFile = await compare(
      [
        appending(`a file of ${smallFile} entries`, small, await withEntries(small, 0)),
        appending(`a file of ${largeFile} entries`, large, await withEntries(large, 0)),
      ],
      rounds,
    );
    report("append, store-sqlite, durability full, into a large file, against a small one", byFile);
    reportTarget("into the large file, against the small one", byFile[1], byFile[0]);
    for (const each of [store, small, large]) await each.close();
  });
}

async function withEntries(store: SessionStore, count: number): Promise<string> {
  const id = newUuid();
  await store.create(sessionOf(id));
  for (let done = 0; done < count; done += 1_000) {
    const entries = Array.from({ length: Math.min(1_000, count - done) }, (_, i) => entry(done + i));
    await store.append(id, entries, { at: done });
  }
  return id;
}
