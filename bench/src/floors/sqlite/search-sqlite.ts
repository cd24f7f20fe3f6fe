import { join } from "node:path";
import { newUuid, type SessionEntry, type SessionStore } from "@thulp-sessions/core";
import { openSqliteStore } from "@thulp-sessions/store-sqlite";
import Database from "better-sqlite3";
import { type Candidate, compare, report, reportTarget, withFolder } from "../../harness/compare.ts";
import { entry, sessionOf } from "../../harness/data.ts";

const ENTRIES_PER_SESSION = 100;
/** One of so many entries holds the rare word. */
const RARE = 5000;
const PAGE = 20;

/** The first page of a search, with snippets, against the bare FTS5 query that yields the same rows. */
export async function searchSqlite(quick: boolean): Promise<void> {
  const sessions = quick ? 100 : 1_000;
  const rounds = quick ? 2 : 21;
  await withFolder(async (dir) => {
    const file = join(dir, "sessions.db");
    const store = await openSqliteStore({ file, durability: "relaxed" });
    await fill(store, sessions);
    await store.search({ text: "warm-up" });
    const db = new Database(file, { readonly: true });
    const bare = db.prepare<[string, number], { content: string }>(
      "SELECT sessions.id, search_index.rowid, content FROM search_index " +
        "CROSS JOIN sessions ON sessions.key = search_index.rowid >> 31 " +
        "CROSS JOIN entries ON entries.session_key = sessions.key AND entries.seq = (search_index.rowid & 2147483647) - 1 " +
        "WHERE search_index MATCH ? ORDER BY sessions.updated_at DESC, sessions.id DESC, search_index.rowid LIMIT ?",
    );
    const withSnippets = ftsWithSnippets(join(dir, "fts.db"), file);
    const words = { "a word in one of 5000 entries": "rareword", "a word in every entry": "everywhere" };
    for (const [what, word] of Object.entries(words)) {
      const times = word === "everywhere" ? 1 : 50;
      const repeated = (name: string, look: () => unknown): Candidate => ({
        name,
        operations: times,
        async run() {
          for (let i = 0; i < times; i++) await look();
        },
      });
      const results = await compare(
        [
          repeated("bare FTS5 query of the same rows, snippet() for each", () =>
            withSnippets.all(word, PAGE),
          ),
          repeated("the same rows with their contents, no snippets", () => bare.all(word, PAGE)),
          repeated("store-sqlite, newest first, with snippets", () =>
            store.search({ text: word, limit: PAGE }),
          ),
          repeated("store-sqlite, ranked, with snippets", () =>
            store.search({ text: word, limit: PAGE, order: "rank" }),
          ),
        ],
        rounds,
      );
      report(
        `search, store-sqlite, ${sessions * ENTRIES_PER_SESSION} entries, ${what}: the first page of ${PAGE}`,
        results,
      );
      reportTarget("newest first, against FTS5 with snippets", results[2], results[0]);
      reportTarget("ranked, against FTS5 with snippets", results[3], results[0]);
    }
    db.close();
    await store.close();
  });
}

/**
 * An FTS5 table of its own that keeps the texts, as `snippet()` needs it, joined to our sessions for the
 * order.
 */
function ftsWithSnippets(file: string, sessionsFile: string) {
  const db = new Database(file);
  db.exec("CREATE VIRTUAL TABLE found USING fts5(text)");
  db.prepare("ATTACH ? AS ours").run(sessionsFile);
  db.exec(
    "INSERT INTO found (rowid, text) SELECT session_key << 31 | (seq + 1), content ->> 'text' FROM ours.entries ORDER BY 1",
  );
  return db.prepare<[string, number]>(
    "SELECT sessions.id, found.rowid, snippet(found, 0, '', '', '…', 30) FROM found " +
      "CROSS JOIN ours.sessions ON sessions.key = found.rowid >> 31 " +
      "WHERE found MATCH ? ORDER BY sessions.updated_at DESC, sessions.id DESC, found.rowid LIMIT ?",
  );
}

async function fill(store: SessionStore, sessions: number): Promise<void> {
  let time = 1;
  for (let i = 0; i < sessions; i++) {
    const entries = Array.from({ length: ENTRIES_PER_SESSION }, (_, j): SessionEntry => {
      const n = i * ENTRIES_PER_SESSION + j;
      const given = entry(n);
      const text = `${(given.content as { text: string }).text} everywhere ${n % RARE === 0 ? "rareword" : ""}`;
      return { ...given, content: { text } };
    });
    await store.create(sessionOf(newUuid(), { entries, updatedAt: time++ }));
  }
}
