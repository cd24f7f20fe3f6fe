import { SessionManager, userMessage } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { expect, test } from "vitest";
import { connect } from "./connect.ts";

const conversation = { type: "conversation", purpose: "test" } as const;

function sizeOf(answer: Record<string, unknown>): number {
  return JSON.stringify(answer).length;
}

test("a session of 50 MB is read within the bound, whatever is asked for", async () => {
  const manager = new SessionManager(new MemoryStore());
  const entries = Array.from({ length: 50 }, (_, i) =>
    userMessage(`${i} ${'"words" \u0001 '.repeat(70_000)}`),
  );
  const { metadata } = await manager.createSession("n".repeat(5000), conversation, { entries });
  const { id } = metadata;
  for (const maxChars of [4000, 40_000]) {
    const { call } = await connect({ maxChars }, manager);
    for (const place of [{}, { around: 25 }, { after: 3, limit: 200 }, { before: 30, limit: 1 }]) {
      const answer = await call("read_session", { id, ...place });
      expect(sizeOf(answer)).toBeLessThanOrEqual(maxChars);
      const read = answer["entries"] as { seq: number; cut: boolean }[];
      expect(read.length).toBeGreaterThan(0);
      expect(read.every(({ cut }) => cut)).toBe(true);
      expect(answer["more"]).toBe(!("limit" in place) || place.limit > 1);
      if ("around" in place) expect(read.map(({ seq }) => seq)).toContain(25);
    }
    expect(sizeOf(await call("list_sessions"))).toBeLessThanOrEqual(maxChars);
  }
});

test("a page that is cut goes on where it ended, and passes nothing over", async () => {
  const manager = new SessionManager(new MemoryStore());
  const tags = Array.from({ length: 20 }, (_, i) => `${i}${"t".repeat(95)}`);
  for (let i = 0; i < 30; i++)
    await manager.createSession(`word ${i} ${"n".repeat(200)}`, conversation, { tags: [...tags] });
  const { call } = await connect({ maxChars: 8000 }, manager);
  for (const [tool, args, items, key] of [
    ["list_sessions", { limit: 100 }, "sessions", "id"],
    ["search_sessions", { text: "word", limit: 100 }, "hits", "session_id"],
  ] as const) {
    const seen: unknown[] = [];
    let cursor: unknown;
    do {
      const answer = await call(tool, { ...args, ...(cursor === undefined ? {} : { cursor }) });
      expect(sizeOf(answer)).toBeLessThanOrEqual(8000);
      for (const item of answer[items] as Record<string, unknown>[]) seen.push(item[key]);
      cursor = answer["next_cursor"] ?? undefined;
    } while (cursor !== undefined);
    expect(new Set(seen).size, tool).toBe(30);
    expect(seen.length, tool).toBe(30);
  }
});

test("keys of a context that are too long are missing, and that is said", async () => {
  const manager = new SessionManager(new MemoryStore());
  const context = { short: 1, long: "x".repeat(100_000), last: 2 };
  const { metadata } = await manager.createSession("context", conversation, { context });
  const { call } = await connect({}, manager);
  expect(await call("get_session", { id: metadata.id })).toMatchObject({
    context: { short: 1, last: 2 },
    context_cut: true,
  });
});

test("a text is cut between characters", async () => {
  const manager = new SessionManager(new MemoryStore());
  const { metadata } = await manager.createSession("😀".repeat(500), conversation, {
    entries: [{ entryType: { type: "user_message" }, content: "😀".repeat(50_000) }],
  });
  const { call } = await connect({}, manager);
  const { name, entries } = await call("read_session", { id: metadata.id });
  expect((name as string).isWellFormed()).toBe(true);
  expect((entries as { content: string }[])[0]?.content.isWellFormed()).toBe(true);
});
