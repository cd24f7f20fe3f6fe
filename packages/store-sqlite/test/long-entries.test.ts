import { setImmediate } from "node:timers/promises";
import type { JsonValue } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { expect, test } from "vitest";
import { entry, session } from "./session-data.ts";
import { tempStore } from "./temp-store.ts";

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
  for (const order of ["newest", "rank"] as const)
    expect((await store.search({ text: "needle", order, limit: 2 })).items.length).toBe(2);
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
