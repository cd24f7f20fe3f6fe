import { newUuid, type SessionStore } from "@thulp-sessions/core";
import { openPostgresStore } from "@thulp-sessions/store-postgres";
import { type Candidate, compare, report, reportTarget } from "../harness/compare.ts";
import { entry, sessionOf } from "../harness/data.ts";
import { withPostgres } from "./server.ts";

const ENTRIES_PER_SESSION = 100;
/** One of so many entries holds the rare word. */
const RARE = 5000;
const PAGE = 20;

/** The first page of a search, with snippets, against the bare query of the same index for the same rows. */
export async function searchPostgres(quick: boolean): Promise<void> {
  const sessions = quick ? 60 : 1_000;
  const rounds = quick ? 1 : 15;
  await withPostgres("search-postgres", async (server) => {
    const store = await openPostgresStore({ url: server.url("searched"), durability: "relaxed" });
    await fill(store, sessions);
    // Waits for the index, of which it needs all.
    await store.search({ text: "rareword" });
    const client = await server.connect();
    const schema = '"searched"';
    for (;;) {
      const { rows } = await client.query(
        `SELECT count(*)::int AS count FROM ${schema}.heads WHERE index_pending`,
      );
      if (rows[0].count === 0) break;
      await store.search({ text: "rareword" });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await client.query(
      `VACUUM ANALYZE ${schema}.sessions, ${schema}.heads, ${schema}.entries, ${schema}.search_docs`,
    );
    const words = { "a word in one of 5000 entries": "rareword", "a word in every entry": "everywhere" };
    for (const [what, word] of Object.entries(words)) {
      const times = word === "everywhere" ? 1 : 10;
      const repeated = (name: string, look: () => Promise<unknown>): Candidate => ({
        name,
        operations: times,
        async run() {
          for (let i = 0; i < times; i++) await look();
        },
      });
      const bare = {
        name: `bare ${word}`,
        text: `SELECT s.id, s.name, e.seq, e.content FROM ${schema}.search_docs d
          JOIN ${schema}.sessions s ON s.id = d.session_id
          JOIN ${schema}.entries e ON e.session_id = d.session_id AND e.seq = d.seq
          WHERE d.words @@ to_tsquery('simple', $1) ORDER BY s.listed_at DESC, s.id DESC, d.seq LIMIT $2`,
        values: [word, PAGE],
        rowMode: "array" as const,
      };
      const results = await compare(
        [
          repeated("the same index and order by a bare query, no snippets", () => client.query(bare)),
          repeated("store-postgres, newest first, with snippets", () =>
            store.search({ text: word, limit: PAGE }),
          ),
          repeated("store-postgres, ranked, with snippets", () =>
            store.search({ text: word, limit: PAGE, order: "rank" }),
          ),
        ],
        rounds,
      );
      const count = sessions * ENTRIES_PER_SESSION;
      report(`search, store-postgres, ${count} entries, ${what}: the first page of ${PAGE}`, results);
      reportTarget("newest first, against the bare query", results[1], results[0]);
      reportTarget("ranked, against the bare query", results[2], results[0]);
    }
    await store.close();
  });
}

async function fill(store: SessionStore, sessions: number): Promise<void> {
  for (let done = 0; done < sessions; done += 20) {
    const made = Array.from({ length: Math.min(20, sessions - done) }, (_, i) => {
      const entries = Array.from({ length: ENTRIES_PER_SESSION }, (_, j) => {
        const n = (done + i) * ENTRIES_PER_SESSION + j;
        const given = entry(n);
        const text = `${(given.content as { text: string }).text} everywhere ${n % RARE === 0 ? "rareword" : ""}`;
        return { ...given, content: { text } };
      });
      return sessionOf(newUuid(), { entries, updatedAt: done + i });
    });
    await Promise.all(made.map((session) => store.create(session)));
  }
}
