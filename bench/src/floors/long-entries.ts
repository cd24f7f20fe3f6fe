import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { newUuid, type SessionStore } from "@thulp-sessions/core";
import { indexText } from "@thulp-sessions/core/store";
import { openFileStore } from "@thulp-sessions/store-fs";
import { openSqliteStore } from "@thulp-sessions/store-sqlite";
import Database from "better-sqlite3";
import { spreadOf, withFolder } from "../harness/compare.ts";
import { entry, sessionOf } from "../harness/data.ts";
import { printTable, recordFigure } from "../harness/recording.ts";
import type { Spread } from "../harness/results.ts";
import { TimerWatch } from "../harness/timer-watch.ts";

/** As many as are searched of one entry (docs/search.md). */
const WORDS = 262_144;
const ENTRIES = 4;
const ROUNDS = 5;
/** As large as an entry may be, nearly. */
const LONG_BYTES = 15e6;

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
  const worst = worstOf(longest);
  printTable({
    title: `the first search after ${entries} entries of ${WORDS.toLocaleString("en")} words, store-sqlite`,
    columns: COLUMNS,
    rows,
  });
  recordFigure({
    what: "longest wait of a timer while long entries are indexed",
    value: worst.median,
    low: worst.low,
    high: worst.high,
    unit: " ms",
  });
  await inLongTexts(quick);
}

/**
 * How long others wait while a search reads one entry of 15 MB, the second time that it does, against reading
 * and parsing its file in one go, as the original does.
 */
async function inLongTexts(quick: boolean): Promise<void> {
  const rows = [];
  const longest: Record<string, Spread[]> = { "store-fs": [], "store-sqlite": [] };
  for (const [name, piece] of Object.entries({
    "words in ASCII": "word and ",
    "words in Cyrillic": "слово ",
    "no space": "abcdefghij",
    digits: "1234567890",
  })) {
    const text = piece.repeat(LONG_BYTES / Buffer.byteLength(piece));
    const inOneGo: Waited[] = [];
    const waited: Record<string, Waited[]> = { "store-fs": [], "store-sqlite": [] };
    await withFolder(async (dir) => {
      const stores: Record<string, SessionStore> = {
        "store-fs": await openFileStore({ dir, durability: "relaxed" }),
        "store-sqlite": await openSqliteStore({ file: join(dir, "s.db"), durability: "relaxed" }),
      };
      const session = sessionOf(newUuid(), { entries: [{ ...entry(0), content: { text } }] });
      for (const store of Object.values(stores)) {
        await store.create(session);
        await store.search({ text: "needle" });
      }
      const file = join(dir, readdirSync(dir).find((each) => each.startsWith(session.metadata.id)) ?? "");
      for (let round = 0; round < (quick ? 1 : ROUNDS); round++) {
        inOneGo.push(await watched(async () => JSON.parse(readFileSync(file, "utf8"))));
        for (const [kind, store] of Object.entries(stores))
          waited[kind]?.push(await watched(() => store.search({ text: piece.trim().slice(0, 8) })));
      }
      for (const store of Object.values(stores)) await store.close();
    });
    rows.push({ name: `read and parsed in one go, ${name}`, cells: cellsOf(inOneGo) });
    for (const [kind, each] of Object.entries(waited)) {
      rows.push({ name: `${kind}, ${name}`, cells: cellsOf(each) });
      longest[kind]?.push(spreadOf(each.map(({ wait }) => wait)));
    }
  }
  printTable({ title: "a search that reads an entry of 15 MB", columns: COLUMNS, rows });
  for (const [kind, spreads] of Object.entries(longest)) {
    const worst = worstOf(spreads);
    recordFigure({
      what: `longest wait of a timer while an entry of 15 MB is searched, ${kind}`,
      value: worst.median,
      low: worst.low,
      high: worst.high,
      unit: " ms",
    });
  }
}

const COLUMNS = [
  { label: "longest wait of a timer", unit: "ms" },
  { label: "until it is answered", unit: "ms" },
] as const;

function worstOf(spreads: readonly Spread[]): Spread {
  return spreads.reduce((a, b) => (b.median > a.median ? b : a));
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
