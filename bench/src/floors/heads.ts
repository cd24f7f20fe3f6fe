import { join } from "node:path";
import { newUuid, type SessionStore } from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { openSqliteStore } from "@thulp-sessions/store-sqlite";
import Sqlite from "better-sqlite3";
import { type Candidate, compare, report, reportTarget, withFolder } from "../harness/compare.ts";
import { sessionOf } from "../harness/data.ts";

const STATUSES = ["active", "completed", "failed", "cancelled", "paused"] as const;

/**
 * A page with heads against one without, and how many sessions have each status: against a bare GROUP BY on
 * SQLite, and against the number of all of them on files.
 */
export async function heads(quick: boolean): Promise<void> {
  const many = quick ? 1_000 : 100_000;
  const few = quick ? 200 : 10_000;
  const rounds = quick ? 2 : 21;
  await withFolder(async (dir) => {
    const file = join(dir, "sessions.db");
    const sqlite = await openSqliteStore({ file, durability: "relaxed" });
    await fill(sqlite, many);
    const pages = await compare([page(sqlite, "without heads"), page(sqlite, "with heads", true)], rounds);
    report(`a page of 50 of ${many} sessions, store-sqlite`, pages);
    reportTarget("a page with heads against one without, store-sqlite", pages[1], pages[0]);
    const bare = new Sqlite(file, { readonly: true });
    const groupBy = bare.prepare("SELECT status, count(*) FROM sessions GROUP BY status");
    const counts = await compare(
      [
        { name: "bare GROUP BY", operations: 1, run: async () => void groupBy.all() },
        byStatus(sqlite, "count by status"),
      ],
      rounds,
    );
    report(`how many of ${many} sessions have each status, store-sqlite`, counts);
    reportTarget("count by status against a bare GROUP BY, store-sqlite", counts[1], counts[0]);
    bare.close();
    await sqlite.close();

    const files = await openFileStore({ dir: join(dir, "files"), durability: "relaxed" });
    await fill(files, few);
    const counted = await compare(
      [
        { name: "count", operations: 1, run: async () => void (await files.count()) },
        byStatus(files, "count by status"),
      ],
      rounds,
    );
    report(`how many of ${few} sessions have each status, store-fs, warm`, counted);
    reportTarget("count by status against count, store-fs, warm", counted[1], counted[0]);
    const listed = await compare([page(files, "without heads"), page(files, "with heads", true)], rounds);
    report(`a page of 50 of ${few} sessions, store-fs, warm`, listed);
    await files.close();
  });
}

function page(store: SessionStore, name: string, withHeads = false): Candidate {
  return {
    name,
    operations: 10,
    async run() {
      for (let i = 0; i < 10; i++)
        await (withHeads ? store.list({ limit: 50, heads: true }) : store.list({ limit: 50 }));
    },
  };
}

function byStatus(store: SessionStore, name: string): Candidate {
  return { name, operations: 1, run: async () => void (await store.count({}, { by: "status" })) };
}

async function fill(store: SessionStore, count: number): Promise<void> {
  for (let done = 0; done < count; done += 500) {
    const made = Array.from({ length: Math.min(500, count - done) }, (_, i) => {
      const updatedAt = done + i;
      const status = STATUSES[updatedAt % 7 === 0 ? 2 : updatedAt % 2] ?? "active";
      return sessionOf(newUuid(), { name: `Session number ${updatedAt}`, updatedAt, status });
    });
    await Promise.all(made.map((session) => store.create(session)));
  }
}
