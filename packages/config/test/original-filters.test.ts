import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "@thulp-sessions/config";
import { copySessions, type SessionFilter, type SessionStore } from "@thulp-sessions/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeTempFolder, removeTempFolder } from "./temp-folder.ts";

// Which sessions the original's filters match, on every store: the files as the original wrote them, and
// copies.

const WRITTEN = join(import.meta.dirname, "../../store-fs/test/fixtures/thulp-corpus/accepted/written");
const { cases } = JSON.parse(
  readFileSync(join(import.meta.dirname, "fixtures", "original-filters.json"), "utf8"),
) as { cases: { note: string; filter: SessionFilter; matches: string[] }[] };

/** Their metadata holds whole numbers that JavaScript cannot hold: no store of ours can list them. */
const UNHELD = ["23", "25", "3c", "3e"].map((end) => `00000000-0000-4000-8000-0000000000${end}`);

const stores = new Map<string, SessionStore>();
let folder: string;

beforeAll(async () => {
  folder = makeTempFolder();
  cpSync(WRITTEN, join(folder, "sessions"), { recursive: true });
  const files = await openStore(`fs:${join(folder, "sessions")}`);
  stores.set("fs", files);
  for (const [name, url] of [
    ["sqlite", `sqlite:${join(folder, "sessions.db")}`],
    ["memory", "memory:"],
  ] as const) {
    const store = await openStore(url);
    const report = await copySessions(files, store, { allowLossy: true });
    expect(report.copied).toBe(70 - UNHELD.length);
    stores.set(name, store);
  }
});

afterAll(async () => {
  for (const store of stores.values()) await store.close();
  removeTempFolder(folder);
});

describe.each(["fs", "sqlite", "memory"])("on %s", (name) => {
  test.each(cases.map((each, i) => [i, each.note, each] as const))(
    "%i: %s",
    async (_, __, { filter, matches }) => {
      const store = stores.get(name) as SessionStore;
      const expected = matches.filter((id) => !UNHELD.includes(id));
      const { items, nextCursor } = await store.list({ filter, limit: 1000 });
      expect(items.map(({ id }) => id).sort()).toEqual(expected);
      expect(nextCursor).toBe(null);
      expect(await store.count(filter)).toBe(expected.length);
    },
  );
});
