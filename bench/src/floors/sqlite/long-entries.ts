import { join } from "node:path";
import { newUuid } from "@thulp-sessions/core";
import { indexText } from "@thulp-sessions/core/store";
import { openSqliteStore } from "@thulp-sessions/store-sqlite";
import Database from "better-sqlite3";
import { spreadOf, withFolder } from "../../harness/compare.ts";
import { entry, sessionOf } from "../../harness/data.ts";
import { printTable, recordFigure } from "../../harness/recording.ts";
import type { Spread } from "../../harness/results.ts";
import { TimerWatch } from "../../harness/timer-watch.ts";

/** As many as are searched of one entry (docs/search.md). */
const WORDS = 262_144;
const ENTRIES = 4;
const ROUNDS = 5;

/**
 * How long others in the process wait while a search indexes long entries that were written just before,
 * against the same words added to FTS5 as one row each. The longest wait of a round is one sync that the disk
 * took its time for, now and then: so there are rounds, and quartiles.
 */
export async function longEntries(quick: boolean): Promise<void> {
  const entries = quick ? 1 : ENTRIES;
  const rounds = quick ? 1 : ROUNDS;
  const rows = [];
  const longest: Spread[] = [];
  for (const different of [WORDS, 20_000]) {
    const text = Array.from({ length: WORDS }, (_, i) => `word${((i * 7919) % different).toString(36)}`).join(
      " ",
    );
    const bare: Waited[] = [];
    const store: Waited[] = [];
    for (let round = 0; round < rounds; round++) {
      bare.push(await inOneRow(text, entries));
      store.push(await byStore(text, entries));
    }
    longest.push(spreadOf(store.map(({ wait }) => wait)));
    const of = `${different.toLocaleString("en")} of them different`;
    rows.push({ name: `one row of FTS5 each, ${of}`, cells: cellsOf(bare) });
    rows.push({ name: `store-sqlite, ${of}`, cells: cellsOf(store) });
  }
  const worst = longest.reduce((a, b) => (b.median > a.median ? b : a));
  printTable({
    title: `the first search after ${entries} entries of ${WORDS.toLocaleString("en")} words, store-sqlite`,
    columns: [
      { label: "longest wait of a timer", unit: "ms" },
      { label: "until it is answered", unit: "ms" },
    ],
    rows,
  });
  recordFigure({
    what: "longest wait of a timer while long entries are indexed",
    value: worst.median,
    low: worst.low,
    high: worst.high,
    unit: " ms",
  });
}

interface Waited {
  readonly wait: number;
  readonly all: number;
}

function cellsOf(waited: readonly Waited[]): Spread[] {
  return [spreadOf(waited.map(({ wait }) => wait)), spreadOf(waited.map(({ all }) => all))];
}

async function inOneRow(text: string, entries: number): Promise<Waited> {
  return withFolder(async (dir) => {
    const db = new Database(join(dir, "fts.db"));
    db.pragma("journal_mode = WAL");
    db.exec("CREATE VIRTUAL TABLE i USING fts5(text, content='', contentless_delete=1, tokenize='ascii')");
    const add = db.prepare("INSERT INTO i (rowid, text) VALUES (?, ?)");
    const waited = await watched(async () => {
      for (let i = 1; i <= entries; i++) {
        add.run(i, indexText([text]));
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    db.close();
    return waited;
  });
}

async function byStore(text: string, entries: number): Promise<Waited> {
  return withFolder(async (dir) => {
    const store = await openSqliteStore({
      file: join(dir, "sessions.db"),
      durability: "relaxed",
      indexLater: true,
    });
    const long = Array.from({ length: entries }, (_, i) => ({ ...entry(i), content: { text } }));
    await store.create(sessionOf(newUuid(), { entries: long }));
    const waited = await watched(() => store.search({ text: "word1" }));
    await store.close();
    return waited;
  });
}

async function watched(work: () => Promise<unknown>): Promise<Waited> {
  // What came before is not part of it.
  globalThis.gc?.();
  const watch = new TimerWatch();
  const start = performance.now();
  await work();
  const all = performance.now() - start;
  return { wait: watch.stop(), all };
}
