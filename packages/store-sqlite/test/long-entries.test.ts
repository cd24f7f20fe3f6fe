import { statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { JsonValue } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import Sqlite from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder, tempStore } from "./temp-store.ts";

const LONG: Readonly<Record<string, JsonValue>> = {
  "words of many letters": `${"слово ".repeat(150_000)}needle`,
  "many strings": Array.from({ length: 50_000 }, (_, n) => `wörd${n} 東京 needle`),
  "no spaces": `${"ж".repeat(1_500_000)} needle`,
};

test.each(Object.entries(LONG))("an entry of %s is indexed and searched in pieces", async (_, content) => {
  const store = await tempStore();
  const model = new MemoryStore();
  const long = session({}, [entry("short needle"), entry(content), entry("needle too")]);
  for (const each of [store, model]) await each.create(long);
  let turns = 0;
  const counting = setInterval(() => turns++, 0);
  const found = await store.search({ text: "needle" });
  clearInterval(counting);
  expect(found.items).toEqual((await model.search({ text: "needle" })).items);
  expect(found.items.map(({ seq }) => seq)).toEqual([0, 1, 2]);
  expect(turns).toBeGreaterThan(3);
  const ranked = await store.search({ text: "needle", order: "rank" });
  expect(ranked.items.map(({ seq }) => seq).sort()).toEqual([0, 1, 2]);
  for (const order of ["newest", "rank"] as const)
    expect((await store.search({ text: "needle", order, limit: 2 })).items.length).toBe(2);
});

/** 10,000 words that are all different: three passages. */
const words = (name: string) => Array.from({ length: 10_000 }, (_, n) => `${name}${n}`);

test("phrases are found wherever in a long entry they stand, and terms that stand far from each other", async () => {
  const store = await tempStore();
  const { metadata } = await store.create(
    session({}, [entry(words("alphabet").join(" ")), entry(words("betablock"))]),
  );
  const seqs = async (text: string) =>
    (await store.search({ text, filter: { ids: [metadata.id] } })).items.map(({ seq }) => seq);
  const all = words("alphabet");
  // Around the ends of the first two passages too.
  for (const start of [0, 1009, 4075, 4081, 4082, 4088, 4095, 4096, 4097, 8160, 8166, 8170, 8177, 9984])
    expect(await seqs(`"${all.slice(start, start + 16).join(" ")}"`), `from ${start}`).toEqual([0]);
  expect(await seqs("alphabet1 alphabet9999 alphabet150*")).toEqual([0]);
  expect(await seqs("alphabet1 betablock1")).toEqual([]);
  // Each a string of its own.
  expect(await seqs('"betablock4095 betablock4096"')).toEqual([]);
  expect(await seqs("betablock4095 betablock9999")).toEqual([1]);
});

test("of a long entry that is rewound or deleted nothing is left in the index", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const client = new Sqlite(file);
  onTestFinished(() => void client.close());
  const rows = () =>
    client
      .prepare("SELECT (SELECT count(*) FROM search_index), (SELECT count(*) FROM search_passages)")
      .raw()
      .get();
  const text = words("alphabet").join(" ");
  const one = await store.create(session({}, [entry("short"), entry(text), entry(text)]));
  const other = await store.create(session({}, [entry(text)]));
  expect((await store.search({ text: "alphabet9999" })).items.length).toBe(3);
  expect(rows()).toEqual([3 + 3 * 3, 3 * 3]);
  await store.truncate(one.metadata.id, 2, { at: 1500 });
  expect(rows()).toEqual([3 + 2 * 3, 2 * 3]);
  await store.append(one.metadata.id, [entry("instead")], { at: 2000 });
  expect((await store.search({ text: "alphabet9999" })).items.length).toBe(2);
  expect((await store.search({ text: "instead" })).items.length).toBe(1);
  await store.delete(other.metadata.id);
  await store.truncate(one.metadata.id, 1, { at: 2500 });
  expect(rows()).toEqual([2, 0]);
  expect((await store.search({ text: "alphabet9999" })).items).toEqual([]);
});

test("while a long entry is indexed the log is written into the database before SQLite would do it in a commit", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file, { indexLater: true });
  const all = Array.from({ length: 200_000 }, (_, n) => `word${n.toString(36)}`).join(" ");
  await store.create(session({}, [entry(all)]));
  expect((await store.search({ text: "word1" })).items.length).toBe(1);
  // The file stays as long as the log has ever been. A commit writes it back when it has 1,000 pages.
  expect(statSync(`${file}-wal`).size).toBeLessThan(900 * 4096);
});

test("a long entry that was indexed before there were passages stands in one row, and is found and removed", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const text = words("alphabet").join(" ");
  const { metadata } = await store.create(session({}, [entry(text), entry(text)]));
  const client = new Sqlite(file);
  onTestFinished(() => void client.close());
  client
    .prepare(
      "INSERT INTO search_index (rowid, text) SELECT session_key << 31 | seq + 1, ? FROM entries WHERE seq = 0",
    )
    .run(text);
  client.exec("UPDATE search_progress SET session_key = 1, entry_key = (SELECT min(key) FROM entries)");
  for (const order of ["newest", "rank"] as const) {
    const { items } = await store.search({ text: "alphabet1 alphabet9999", order });
    expect(items.map(({ seq }) => seq).sort(), order).toEqual([0, 1]);
  }
  await store.truncate(metadata.id, 0, { at: 1500 });
  expect(client.prepare("SELECT count(*) FROM search_index").pluck().get()).toBe(0);
});

test("two processes that index the same long entry, and one that goes on where another stopped", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const [a, b] = [await openAt(file), await openAt(file)];
  const id = (await a.create(session({}, [entry(words("alphabet").join(" "))]))).metadata.id;
  const found = await Promise.all([a, b, a].map((store) => store.search({ text: "alphabet1 alphabet9999" })));
  expect(found.map(({ items }) => items.length)).toEqual([1, 1, 1]);
  // Its first passages, as a process leaves them that was killed.
  const client = new Sqlite(file);
  client.exec(`
    DELETE FROM search_index WHERE rowid IN (SELECT -key FROM search_passages WHERE passage > 0);
    DELETE FROM search_passages WHERE passage > 0;
    UPDATE search_progress SET entry_key = 0`);
  client.close();
  const c = await openAt(file);
  for (const text of ["alphabet1 alphabet9999", "alphabet8500", '"alphabet8175 alphabet8176 alphabet8177"'])
    expect((await c.search({ text })).items, text).toEqual([
      expect.objectContaining({ sessionId: id, seq: 0 }),
    ]);
  expect(await c.checkIntegrity()).toEqual([]);
});

test("a long entry that is replaced while its words are found is indexed as it is then", async () => {
  const store = await tempStore();
  const long = (word: string) => `${"слово ".repeat(100_000)}${word}`;
  const head = await store.create(session({}, [entry(long("before"))]));
  const searching = store.search({ text: "before" });
  for (let turns = 0; turns < 3; turns++) await setImmediate();
  const { version } = head;
  await store.append(head.metadata.id, [entry(long("after"))], { keep: 0, expectedVersion: version, at: 5 });
  await searching;
  expect((await store.search({ text: "after" })).items.length).toBe(1);
  expect((await store.search({ text: "before" })).items).toEqual([]);
});

test("a search goes on past a long entry while the tail behind it is replaced all the time", async () => {
  const store = await tempStore();
  const head = await store.create(session({}, [entry("слово ".repeat(200_000)), entry("tail")]));
  const { id } = head.metadata;
  let { version } = head;
  let isFound = false;
  const searching = store.search({ text: "слово" }).finally(() => {
    isFound = true;
  });
  while (!isFound)
    ({ version } = await store.append(id, [entry("tail")], { keep: 1, expectedVersion: version, at: 5 }));
  expect((await searching).items.map(({ seq }) => seq)).toEqual([0]);
});

test("a phrase and more terms than the index is asked for are decided by the text", async () => {
  const store = await tempStore();
  const phrase = Array.from({ length: 40 }, (_, n) => `w${n}`);
  const terms = Array.from({ length: 200 }, (_, n) => `t${n}`);
  const contents = [
    phrase.join(" "),
    phrase.toReversed().join(" "),
    phrase.slice(0, 39).join(" "),
    terms.join(" "),
  ];
  await store.create(
    session(
      {},
      contents.map((content) => entry(content)),
    ),
  );
  const seqs = async (text: string) => (await store.search({ text })).items.map(({ seq }) => seq);
  expect(await seqs(`"${phrase.join(" ")}"`)).toEqual([0]);
  expect(await seqs(`${phrase.slice(0, 38).join("-")}-w3*`)).toEqual([0, 2]);
  expect(await seqs(terms.join(" "))).toEqual([3]);
  expect(await seqs(`${terms.join(" ")} t200`)).toEqual([]);
});

test("long entries are ranked by the best of their passages", async () => {
  const store = await tempStore();
  const filler = words("alphabet");
  const dense = [
    "needle",
    ...filler.slice(0, 8500),
    ...Array.from({ length: 50 }, () => "needle"),
    ...filler.slice(8500),
  ];
  const contents = { once: [...filler, "needle"], dense, twice: ["needle", ...filler, "needle"] };
  const ids = new Map<string, string>();
  for (const [name, text] of Object.entries(contents))
    ids.set((await store.create(session({}, [entry(text.join(" "))]))).metadata.id, name);
  const ranked = await store.search({ text: "needle", order: "rank" });
  expect(ranked.items).toHaveLength(3);
  expect(ids.get(ranked.items[0]?.sessionId ?? "")).toBe("dense");
});
