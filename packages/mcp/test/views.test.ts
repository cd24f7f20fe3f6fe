import { SessionManager } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { DEFAULT_VIEW, EntryViews } from "@thulp-sessions/core/view";
import { expect, test } from "vitest";
import { connect } from "./connect.ts";

/** An agent whose records say something, or are notes. */
const views = new EntryViews({
  "agent:smith": async () => ({
    ...DEFAULT_VIEW,
    parts: ({ content }) => {
      const { record } = content as { record?: { said?: string; call?: string } };
      if (record?.call !== undefined)
        return [
          { type: "thinking", text: "hm" },
          { type: "call", name: record.call, input: { path: "/a" } },
          { type: "notice", text: "a picture" },
        ];
      return record?.said === undefined ? null : [{ type: "text", text: record.said }];
    },
    isAside: ({ content }) => (content as { record?: { note?: true } }).record?.note === true,
  }),
});

const source = { agent: "smith" };
const said = (text: string) => ({
  entryType: { type: "assistant_message" } as const,
  content: { source, record: { said: text, uuid: "x".repeat(500) } },
});
const note = () => ({
  entryType: { type: "system_event", event: "smith:note" } as const,
  content: { source, record: { note: true } },
});

async function withImported(maxChars?: number) {
  const manager = new SessionManager(new MemoryStore());
  const entries = [
    said("first"),
    ...Array.from({ length: 150 }, note),
    { entryType: { type: "assistant_message" } as const, content: { source, record: { call: "Read" } } },
    said("last"),
    note(),
  ];
  const options = { tags: ["agent:smith"], entries };
  const { metadata } = await manager.createSession("Forge", { type: "agent", agentName: "smith" }, options);
  const { call } = await connect({ views, maxChars }, manager);
  const read = async (args: object) =>
    (await call("read_session", { id: metadata.id, ...args })) as unknown as Read;
  const look = () => call("get_session", { id: metadata.id });
  return { read, look };
}

test("a session tells which agent it was imported from", async () => {
  const { look } = await withImported();
  expect(await look()).toMatchObject({ imported_from: "agent:smith", entry_count: 154 });
});

interface Read {
  readonly entries: readonly { readonly seq: number; readonly content: unknown; readonly cut: boolean }[];
  readonly more: boolean;
  readonly notes: number;
}

test("an imported session is read as what was said, without what an agent notes for itself", async () => {
  const { read } = await withImported();
  const { entries, more, notes } = await read({ limit: 3 });
  expect(entries.map(({ seq, content }) => [seq, content])).toEqual([
    [0, "first"],
    [151, '(thinking) hm\n\n→ Read {"path":"/a"}\n\n(a picture)'],
    [152, "last"],
  ]);
  expect([more, notes]).toEqual([false, 151]);
});

test("raw gives its records as they are stored, and its notes", async () => {
  const { read } = await withImported();
  const { entries, notes } = await read({ limit: 2, raw: true });
  expect(entries).toMatchObject([
    { seq: 152, content: { source, record: { said: "last" } } },
    { seq: 153, content: { source, record: { note: true } } },
  ]);
  expect(notes).toBe(0);
});

test("a note that was found is shown: it was asked for", async () => {
  const { read } = await withImported();
  const { entries } = await read({ around: 153, limit: 2 });
  expect(entries.map(({ seq }) => seq)).toEqual([152, 153]);
});

test("what is said is bounded like any content", async () => {
  const manager = new SessionManager(new MemoryStore());
  const { metadata } = await manager.createSession(
    "Forge",
    { type: "agent", agentName: "smith" },
    { tags: ["agent:smith"], entries: [said("word ".repeat(5000))] },
  );
  const { call } = await connect({ views, maxChars: 4000 }, manager);
  const answer = await call("read_session", { id: metadata.id });
  expect(JSON.stringify(answer).length).toBeLessThanOrEqual(4000);
  expect(answer).toMatchObject({ entries: [{ content: expect.stringMatching(/^word word/), cut: true }] });
});
