import { MemoryStore } from "@thulp-sessions/core/memory";
import { appRouter, procedureAt } from "@thulp-sessions/router";
import { describe, expect, it } from "vitest";
import { CHAT, ID, refusal, send, serve, user } from "./harness.ts";

function post(url: string, path: string, input: unknown) {
  const headers = { "content-type": "application/json" };
  return send(`${url}/trpc/${path}`, { method: "POST", headers, body: JSON.stringify(input) });
}

/** What each path needs beside the session's id. */
const REST: Readonly<Record<string, object>> = {
  "sessions.create": { name: "a", sessionType: CHAT },
  "sessions.rewind": { entryCount: 0 },
  "entries.append": { entries: [user("x")] },
  "entries.part": { seq: 0 },
};
const WITH_ID = Object.keys(appRouter._def.procedures).filter(
  (path) =>
    procedureAt(path)?._def.type !== "subscription" &&
    !["list", "count", "countBy", "heads", "search", "save", "facets", "scores", "resolve"]
      .map((name) => `sessions.${name}`)
      .includes(path) &&
    path !== "server.info",
);

const STRANGE_IDS = [
  "",
  "x",
  "../../etc/passwd",
  "..\\..\\windows",
  "/etc/passwd",
  `${ID}/../x`,
  `${ID}.json`,
  `${ID}\0`,
  "\0",
  `\u200b${ID}`,
  ID.replace("0", "０"),
  ID.replace("-", "\u2010"),
  `${ID.slice(0, -1)}\ud800`,
  "con",
  "a".repeat(1_000_000),
];

describe("an id that is none", () => {
  it.each(WITH_ID)("is refused before the store sees it: %s", async (path) => {
    const store = new MemoryStore();
    const called: string[] = [];
    for (const name of [
      "create",
      "get",
      "head",
      "update",
      "append",
      "readEntries",
      "truncate",
      "replace",
      "delete",
    ]) {
      Object.assign(store, { [name]: async () => void called.push(name) });
    }
    const { url } = await serve({ store });
    for (const id of STRANGE_IDS) {
      const answer = await post(url, path, { id, ...REST[path] });
      expect(answer).toMatchObject(refusal(400, "invalid_input", /^id: /));
      expect(answer.text.length).toBeLessThan(2000);
    }
    expect(called).toEqual([]);
  });
});

describe("what is bounded says so", () => {
  it("filters, pages, searches", async () => {
    const { url } = await serve();
    const deep = (depth: number) => JSON.parse(`${'{"not":'.repeat(depth)}{}${"}".repeat(depth)}`);
    expect((await post(url, "sessions.count", { filter: deep(90) })).status).toBe(200);
    const wide = { or: Array.from({ length: 1001 }, () => ({})) };
    const cases = [
      ["sessions.count", { filter: deep(101) }, /filter.*(?:deep|100)/],
      ["sessions.count", { filter: wide }, /filter.*1000/],
      ["sessions.list", { limit: 1001 }, /limit/],
      ["sessions.search", { text: "a", limit: 1001 }, /limit/],
      ["entries.list", { id: ID, limit: 1001 }, /limit/],
      ["entries.list", { id: ID, last: 1001 }, /last/],
    ] as const;
    for (const [path, input, message] of cases) {
      expect(await post(url, path, input)).toMatchObject(refusal(400, "invalid_input", message));
    }
  });
});
