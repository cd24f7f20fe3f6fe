import { join } from "node:path";
import { openSqliteStore } from "@thulp-sessions/store-sqlite";
import Database from "better-sqlite3";
import { entry, makeSession } from "./data.ts";
import { type Contestant, compare, report, withFolder } from "./harness.ts";

/** Appending to store-sqlite: against the same rows written by bare prepared statements, alone and with 64 callers. */
export async function appendSqlite(quick: boolean): Promise<void> {
  const rounds = quick ? 2 : 21;
  const operations = quick ? 10 : 200;
  for (const durability of ["full", "relaxed"] as const) {
    await withFolder(async (dir) => {
      const store = await openSqliteStore({ file: join(dir, "sessions.db"), durability });
      const bare = bareAppend(join(dir, "bare.db"), operations, durability);
      let time = 1_700_000_000_000;
      const callers = async (ids: readonly string[], each: number): Promise<void> => {
        const caller = async (id: string) => {
          for (let i = 0; i < each; i++) await store.append(id, [entry(i)], { at: time++ });
        };
        await Promise.all(ids.map(caller));
      };
      const alone = await makeSession(store, 100);
      const long = await makeSession(store, 10_000);
      const one = await makeSession(store, 100);
      const many = await Promise.all(Array.from({ length: 64 }, () => makeSession(store, 100)));
      const results = await compare(
        [
          bare.contestant,
          { name: "store-sqlite, session of 100", operations, run: () => callers([alone], operations) },
          { name: "store-sqlite, session of 10000", operations, run: () => callers([long], operations) },
          {
            name: "store-sqlite, 64 callers on one session",
            operations: 64 * 16,
            run: () =>
              callers(
                Array.from({ length: 64 }, () => one),
                16,
              ),
          },
          {
            name: "store-sqlite, 64 callers on 64 sessions",
            operations: 64 * 16,
            run: () => callers(many, 16),
          },
        ],
        rounds,
      );
      report(
        `append, store-sqlite, durability ${durability}, against bare statements, one transaction each`,
        results,
      );
      await store.close();
      bare.close();
    });
  }
}

/** A session's counters and its entry, in one transaction. */
function bareAppend(
  file: string,
  operations: number,
  durability: "full" | "relaxed",
): { contestant: Contestant; close: () => void } {
  const db = new Database(file);
  db.pragma("journal_mode = WAL");
  db.pragma(`synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`);
  db.exec(`
    CREATE TABLE sessions (key INTEGER PRIMARY KEY, updated_at INTEGER NOT NULL, entry_count INTEGER NOT NULL) STRICT;
    CREATE TABLE entries (
      session_key INTEGER NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL, timestamp INTEGER NOT NULL,
      entry_type TEXT NOT NULL, content TEXT NOT NULL, UNIQUE (session_key, seq)
    ) STRICT;
    INSERT INTO sessions VALUES (1, 0, 0);
  `);
  const insert = db.prepare("INSERT INTO entries VALUES (1, ?, ?, ?, ?, ?)");
  const update = db.prepare("UPDATE sessions SET updated_at = ?, entry_count = ? WHERE key = 1");
  let seq = 0;
  const append = db.transaction((i: number) => {
    const { id, timestamp, entryType, content } = entry(i);
    insert.run(seq, id, timestamp, JSON.stringify(entryType), JSON.stringify(content));
    update.run(timestamp, ++seq);
  });
  return {
    contestant: {
      name: "bare statements, one transaction each",
      operations,
      async run() {
        for (let i = 0; i < operations; i++) append.immediate(i);
      },
    },
    close: () => db.close(),
  };
}
