import { randomInt } from "node:crypto";
import { type EntryId, newUuid } from "@thulp-sessions/core";
import { countEntries } from "@thulp-sessions/core/store";
import { expect, test } from "vitest";
import { EntryIndex } from "../../src/format/entry-index.ts";

test("entries are found by their id, those that share one in their order, as in a map", () => {
  const index = new EntryIndex();
  const model = new Map<string, number[]>();
  // Ids that differ in few places, and some more than once.
  const ids = Array.from({ length: 3_000 }, (_, i) =>
    i % 3 === 0 ? newUuid() : `00000000-0000-4000-8000-${String(randomInt(2_000)).padStart(12, "0")}`,
  );
  ids.forEach((id, seq) => {
    index.add(id as never, "user_message", seq * 10, seq * 10 + 7, seq % 5 === 0);
    model.set(id, [...(model.get(id) ?? []), seq]);
  });
  for (const [id, seqs] of model) expect(index.find(id as never)).toEqual(seqs);
  expect(index.find(newUuid() as never)).toEqual([]);
  expect([index.startOf(2_999), index.endOf(2_999), index.isInexact(2_995), index.isInexact(2_996)]).toEqual([
    29_990,
    29_997,
    true,
    false,
  ]);
});

test("an id is found whenever it was added, before the first search or after it", () => {
  const index = new EntryIndex();
  const ids = Array.from({ length: 5_000 }, () => newUuid() as EntryId);
  // Searches at lengths around those at which the blocks and the table grow.
  const searches = new Set([1, 16, 17, 22, 32, 1_023, 1_024, 1_025, 2_048, 2_049, 5_000]);
  ids.forEach((id, seq) => {
    index.add(id, "user_message", seq, seq + 1, false);
    if (!searches.has(index.count)) return;
    for (let known = 0; known <= seq; known++) expect(index.find(ids[known] as EntryId)).toEqual([known]);
  });
  const late = new EntryIndex();
  ids.forEach((id, seq) => {
    late.add(id, "user_message", seq, seq + 1, false);
  });
  ids.forEach((id, seq) => {
    expect(late.find(id)).toEqual([seq]);
  });
});

test("places are exact as far as JavaScript counts, and lengths beyond four gigabytes", () => {
  const index = new EntryIndex();
  const lengths = [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 40 - 1];
  const starts = [0, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 3, 2 ** 52 + 2 ** 31 + 1];
  const places = starts.flatMap((start) => lengths.map((length) => ({ start, end: start + length })));
  places.push({ start: Number.MAX_SAFE_INTEGER - 1, end: Number.MAX_SAFE_INTEGER });
  places.forEach(({ start, end }, seq) => {
    index.add(newUuid() as EntryId, "tool_call", start, end, seq % 2 === 1);
  });
  const read = places.map((_, seq) => ({ start: index.startOf(seq), end: index.endOf(seq) }));
  expect(read).toEqual(places);
  expect(places.map((_, seq) => index.isInexact(seq))).toEqual(places.map((_, seq) => seq % 2 === 1));
});

test("an entry takes few bytes", () => {
  const index = new EntryIndex();
  for (let seq = 0; seq < 200_000; seq++) index.add(newUuid() as never, "user_message", seq, seq, false);
  expect(index.byteLength / index.count).toBeLessThan(29);
  index.find(newUuid() as EntryId);
  expect(index.byteLength / index.count).toBeLessThan(45);
});

test("what is cut off is forgotten, and what comes instead is found and counted", () => {
  const types = ["user_message", "assistant_message", "system_message", "tool_call"] as const;
  let seed = 7;
  const below = (limit: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * limit);
  };
  const index = new EntryIndex();
  let model: { id: EntryId; type: (typeof types)[number] }[] = [];
  for (let round = 0; round < 60; round++) {
    for (let more = below(900); more > 0; more--) {
      const entry = { id: newUuid() as EntryId, type: types[below(types.length)] as (typeof types)[number] };
      index.add(entry.id, entry.type, model.length * 3, model.length * 3 + 2, false);
      model.push(entry);
    }
    const keep = below(3) === 0 ? 0 : below(model.length + 1);
    const gone = model[keep];
    model = model.slice(0, keep);
    index.truncate(keep);
    expect(index.count).toBe(keep);
    expect(index.end).toBe(keep === 0 ? 0 : keep * 3 - 1);
    expect(index.lastId()).toBe(model.at(-1)?.id ?? "");
    expect(index.counts()).toEqual(countEntries(model.map(({ type }) => ({ entryType: { type } }))));
    if (gone) expect(index.find(gone.id)).toEqual([]);
    for (let i = 0; i < 5 && keep > 0; i++) {
      const seq = below(keep);
      expect(index.find(model[seq]?.id as EntryId)).toEqual([seq]);
    }
  }
  index.truncate(0);
  for (let seq = 0; seq < 5_000; seq++) index.add(newUuid() as EntryId, "tool_call", seq, seq, false);
  expect(index.byteLength / index.count).toBeLessThan(45);
});
