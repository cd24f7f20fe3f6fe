// Longer than most files: one check for each view, all of the same sample.

import {
  type CountedField,
  type EntryTypeName,
  type JsonValue,
  matchesFilter,
  type SessionFilter,
  type SessionId,
  type StoredEntry,
  type StoredSession,
} from "@thulp-sessions/core";
import { expect, onTestFinished, test } from "vitest";
import * as naive from "./naive-views.ts";
import { PLACES, type Place } from "./places.ts";
import { sampleSessions } from "./sample-sessions.ts";

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** All pages of a query. */
async function pages<P extends Page<unknown>>(ask: (cursor: string | undefined) => Promise<P>): Promise<P[]> {
  const all: P[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask(cursor);
    all.push(page);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}

/** A place, and everything that is in it. */
interface Sample {
  readonly place: Place;
  readonly sessions: readonly StoredSession[];
}

test.for(Object.entries(PLACES))(
  "the views of %s say what all entries say",
  { timeout: 300_000 },
  async ([, open], { skip }) => {
    const place = await open();
    if (typeof place === "string") return skip(place);
    onTestFinished(() => place.close());
    for (const session of sampleSessions()) await place.store.create(session);
    const ids = sampleSessions().map(({ metadata }) => metadata.id);
    const sessions = await Promise.all(ids.map((id) => place.store.get(id)));
    for (const check of Object.values(CHECKS)) await check({ place, sessions });
  },
);

const CHECKS: Readonly<Record<string, (sample: Sample) => Promise<void>>> = {
  "entries in pages, cut to so many bytes": async ({ place, sessions }) => {
    const types: readonly EntryTypeName[] = ["tool_call", "system_event", "evaluation_result"];
    for (const { metadata, entries } of sessions.slice(0, 6))
      for (const query of [
        { contentBytes: 256 },
        { contentBytes: 1000, limit: 7, direction: "desc" as const },
        { pageBytes: 4096 },
        { contentBytes: 512, pageBytes: 8000, types, after: 3, before: 200 },
      ]) {
        const { limit = 100, contentBytes, pageBytes = Number.POSITIVE_INFINITY } = query;
        const wanted = entries
          .filter(({ seq }) => seq > (query.after ?? -1) && seq < (query.before ?? Number.POSITIVE_INFINITY))
          .filter(({ entryType }) => query.types?.includes(entryType.type) ?? true);
        if (query.direction === "desc") wanted.reverse();
        const all = await pages((cursor) => place.views.entryPage(metadata.id, { ...query, cursor }));
        const items = all.flatMap((page) => page.items);
        expect(items.map(({ seq }) => seq)).toEqual(wanted.map(({ seq }) => seq));
        for (const [i, item] of items.entries()) checkCut(item, wanted[i] as StoredEntry, contentBytes);
        for (const [i, page] of all.entries()) {
          const bytes = page.items.reduce((sum, item) => sum + naive.bytesOf(item), 0);
          if (page.items.length > 1) expect(bytes).toBeLessThanOrEqual(pageBytes);
          // It ends early only where the next one would have been too long.
          const next = all[i + 1]?.items[0];
          if (next && page.items.length < limit)
            expect(bytes + naive.bytesOf(next)).toBeGreaterThan(pageBytes);
          expect(page.items.length).toBeLessThanOrEqual(limit);
        }
      }
    const { metadata, entries } = largest(sessions);
    const last = await place.views.entryPage(metadata.id, { last: 5, contentBytes: 256 });
    expect(last.items.map(({ seq }) => seq)).toEqual(entries.slice(-5).map(({ seq }) => seq));
    for (const item of last.items) checkCut(item, entries[item.seq] as StoredEntry, 256);
  },

  "one entry, and its content part by part": async ({ place, sessions }) => {
    const { metadata, entries, epoch } = largest(sessions);
    for (const entry of entries.slice(0, 30)) {
      expect(await place.views.entry(metadata.id, entry.seq)).toEqual({ entry, epoch });
      expect(await contentByParts(place, metadata.id, entry.seq, "")).toEqual(entry.content);
    }
    expect(await place.views.entry(metadata.id, entries.length)).toEqual({ entry: null, epoch });
    expect(await place.views.part(metadata.id, { seq: 0, pointer: "/not/there" })).toEqual({
      type: "missing",
    });
    expect(await place.views.part(metadata.id, { seq: 9999 })).toEqual({ type: "missing" });
  },

  outlines: async ({ place, sessions }) => {
    for (const session of sessions)
      for (const buckets of [undefined, 1, 7])
        expect(await place.views.outline(session.metadata.id, { buckets })).toEqual(
          naive.outline(session, buckets ?? 600),
        );
  },

  turns: async ({ place, sessions }) => {
    for (const session of sessions)
      for (const textLength of [undefined, 5]) {
        const all = await pages((cursor) =>
          place.views.turns(session.metadata.id, { textLength, limit: 9, cursor }),
        );
        expect(all.flatMap(({ items }) => items)).toEqual(naive.turns(session, textLength ?? 80));
        for (const { items } of all.slice(0, -1)) expect(items).toHaveLength(9);
      }
  },

  "a search within a session, with all its places": async ({ place, sessions }) => {
    const types: readonly EntryTypeName[] = ["user_message", "tool_call"];
    const wanted = [
      { text: "error" },
      { text: "BUILD fix", types },
      { text: "naïve", failedOnly: true },
      { text: "file", toolName: "Bash" },
      { toolName: "Edit", failedOnly: true },
      { failedOnly: true },
      { types: ["user_message"] as const },
      { text: "nowhere" },
      { text: "!!" },
    ];
    for (const session of sessions.slice(0, 6))
      for (const query of wanted) {
        const words = query.text?.toLowerCase().split(" ") ?? [];
        const seqs = naive.found(session, { ...query, words });
        const all = await pages((cursor) =>
          place.views.findEntries(session.metadata.id, { ...query, limit: 30, cursor }),
        );
        const [first] = all;
        expect(first?.total).toBe(seqs.length);
        expect(
          first?.ranges?.flatMap(([from, to]) => seqs.filter((seq) => seq >= from && seq <= to)),
        ).toEqual(seqs);
        expect(first?.ranges?.reduce((sum, [from, to]) => sum + to - from + 1, 0)).toBe(seqs.length);
        expect(all.flatMap(({ items }) => items.map(({ seq }) => seq))).toEqual(seqs);
        for (const { items } of all.slice(0, -1)) expect(items).toHaveLength(30);
        if (query.text !== undefined)
          for (const { offsets } of all.flatMap(({ items }) => items))
            expect(offsets.length).toBeGreaterThan(0);
      }
  },

  "rows of a list": async ({ place, sessions }) => {
    const filter: SessionFilter = { or: [{ tag: "ci" }, { hasParent: true }] };
    const wanted = sessions.filter(({ metadata }) => matchesFilter(filter, metadata)).map(naive.row);
    const newest = wanted.sort((a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1));
    const all = await pages((cursor) =>
      place.views.rows({ filter, limit: 4, include: ["score", "counts", "preview"], cursor }),
    );
    expect(all.flatMap(({ items }) => items)).toEqual(newest);
    const { items } = await place.views.rows({ filter, include: ["score"] });
    expect(items).toEqual(newest.map(({ counts: _, preview: __, ...row }) => row));
  },

  facets: async ({ place, sessions }) => {
    const by: readonly CountedField[] = [
      "status",
      "type",
      "tag",
      "skillName",
      "agentName",
      "model",
      "createdDay",
    ];
    for (const filter of [
      {},
      { status: "active", tag: "ci" },
      { type: "refinement", createdAfter: 5 },
    ] as const) {
      const { total, facets } = await place.views.facets({ filter, by });
      expect(total).toBe(sessions.filter(({ metadata }) => matchesFilter(filter, metadata)).length);
      expect(facets).toEqual(
        by.map((field) => ({ by: field, items: naive.facet(sessions, filter, field), more: false })),
      );
    }
    const { facets } = await place.views.facets({ by: ["tag"], limit: 1 });
    expect(facets).toEqual([{ by: "tag", items: naive.facet(sessions, {}, "tag").slice(0, 1), more: true }]);
  },

  "trees, with the points of forks": async ({ place, sessions }) => {
    const some = [...sessions.filter((_, i) => i % 4 === 0), ...sessions.slice(-3)];
    for (const { metadata } of some)
      for (const { whole = false, depth = 10 } of [{}, { whole: true }, { depth: 1 }, { depth: 0 }]) {
        const { items, more } = await place.views.tree(metadata.id, { whole, depth, forkPoints: true });
        const nodes = items.map(({ metadata: { id }, generation, forkPoint }) => ({
          id: id as string,
          generation,
          ...(forkPoint !== undefined && { forkPoint }),
        }));
        expect(nodes.toSorted(naive.byText)).toEqual(naive.tree(sessions, metadata.id, whole, depth));
        const all = naive.tree(sessions, metadata.id, whole, 100);
        expect(more).toBe(all.length > items.length);
        for (const [i, node] of items.entries()) {
          const parent = items.findIndex((each) => each.metadata.id === node.metadata.parentSession);
          // But for those that are each other's parents.
          if (parent > i) expect(items[parent]?.metadata.parentSession).toBe(node.metadata.id);
        }
      }
    const missing = sessions.filter(
      ({ metadata: { parentSession } }) =>
        parentSession !== null && !sessions.some(({ metadata }) => metadata.id === parentSession),
    );
    expect(missing).toHaveLength(1);
    for (const { metadata } of missing)
      expect(await place.views.tree(metadata.id)).toMatchObject({ missingParent: metadata.parentSession });
    const grandchild = sessions.find(({ metadata: { id } }) =>
      naive.tree(sessions, id, false, 0).some(({ generation }) => generation === -2),
    ) as StoredSession;
    for (const limit of [1, 2]) {
      const cut = await place.views.tree(grandchild.metadata.id, { limit });
      expect({ count: cut.items.length, more: cut.more }).toEqual({ count: limit, more: true });
      expect(cut.items.at(-1)?.metadata.id).toBe(grandchild.metadata.id);
    }
    const parent = grandchild.metadata.parentSession as SessionId;
    const ancestors = naive.tree(sessions, parent, false, 0).length;
    expect(await place.views.tree(parent, { limit: ancestors })).toMatchObject({ more: true });
  },

  scores: async ({ place, sessions }) => {
    const wanted = sessions.map(naive.score).sort((a, b) => a.metadata.createdAt - b.metadata.createdAt);
    const all = await pages((cursor) => place.views.scores({ limit: 6, cursor }));
    expect(all.flatMap(({ items }) => items)).toEqual(wanted);
    const { items } = await place.views.scores({ filter: { skillName: "parse" } });
    expect(items).toEqual(wanted.filter(({ metadata }) => matchesFilter({ skillName: "parse" }, metadata)));
  },

  "the beginning of an id": async ({ place, sessions }) => {
    for (const { metadata } of sessions.slice(0, 5)) {
      const { items, more } = await place.views.resolve(metadata.id.slice(0, 12).toUpperCase());
      expect({ ids: items.map(({ id }) => id), more }).toEqual({ ids: [metadata.id], more: false });
      const begin = metadata.id.slice(0, 1);
      const like = sessions
        .filter((each) => each.metadata.id.startsWith(begin))
        .sort((a, b) => b.metadata.createdAt - a.metadata.createdAt);
      const some = await place.views.resolve(begin, { limit: 1 });
      expect(some).toEqual({ items: [like[0]?.metadata], more: like.length > 1 });
    }
    expect(await place.views.resolve("0".repeat(36))).toEqual({ items: [], more: false });
  },
};

function largest(sessions: readonly StoredSession[]): StoredSession {
  return sessions.reduce((a, b) => (a.entries.length >= b.entries.length ? a : b));
}

function checkCut(
  item: StoredEntry & { truncated?: unknown },
  stored: StoredEntry,
  contentBytes?: number,
): void {
  const { truncated, content, entryType, ...rest } = item;
  const { content: whole, entryType: wholeType, ...storedRest } = stored;
  expect(rest).toEqual(storedRest);
  if (truncated === undefined) {
    expect(item).toEqual(stored);
    if (contentBytes !== undefined) expect(naive.bytesOf(content)).toBeLessThanOrEqual(contentBytes);
    return;
  }
  expect(contentBytes).toBeDefined();
  expect(truncated).toEqual({ bytes: naive.bytesOf(stored) });
  expect(naive.bytesOf(content)).toBeLessThanOrEqual(contentBytes as number);
  expect(isBeginning(content, whole)).toBe(true);
  expect(isBeginning(entryType as JsonValue, wholeType as JsonValue)).toBe(true);
  expect(naive.bytesOf(entryType)).toBeLessThan(4200);
}

/** Is it the same with shorter strings, or without the last items and keys? */
function isBeginning(cut: JsonValue, whole: JsonValue): boolean {
  if (typeof cut === "string") return typeof whole === "string" && whole.startsWith(cut);
  if (typeof cut !== "object" || cut === null || typeof whole !== "object" || whole === null)
    return cut === whole;
  return Object.entries(cut).every(([key, value], i) => {
    const [wholeKey, wholeValue] = Object.entries(whole)[i] as [string, JsonValue];
    return key === wholeKey && isBeginning(value, wholeValue);
  });
}

/** A content put together from parts, as a page would show all of it. */
async function contentByParts(place: Place, id: SessionId, seq: number, pointer: string): Promise<JsonValue> {
  const bytes = 2048;
  let part = await place.views.part(id, { seq, pointer, bytes });
  if (part.type === "value") return part.value;
  if (part.type === "missing") throw new Error(`nothing at ${pointer}`);
  let text = "";
  const items: [string, JsonValue][] = [];
  for (;;) {
    expect(naive.bytesOf(part)).toBeLessThan(bytes + 300);
    if (part.type === "string") text += part.text;
    else if (part.type !== "value" && part.type !== "missing")
      for (const { key, value, truncated } of part.items) {
        const escaped = key.replaceAll("~", "~0").replaceAll("/", "~1");
        const whole = truncated ? await contentByParts(place, id, seq, `${pointer}/${escaped}`) : value;
        if (truncated) expect(truncated).toEqual({ bytes: naive.bytesOf(whole) });
        items.push([key, whole]);
      }
    if (!("nextOffset" in part) || part.nextOffset === null) break;
    part = await place.views.part(id, { seq, pointer, bytes, offset: part.nextOffset });
  }
  if (part.type === "string") return text;
  return part.type === "array" ? items.map(([, value]) => value) : Object.fromEntries(items);
}
