import { describe, expect, test } from "vitest";
import { goose } from "../src/agents/goose.ts";
import { importTranscripts, sessionIdOf } from "../src/index.ts";
import { type AgentDatabase, databaseWith, take } from "./agent-database.ts";
import { imported, typeOf } from "./imported.ts";
import { exported } from "./round-trip.ts";

describe("Goose", () => {
  const TABLES = `
    CREATE TABLE sessions (id TEXT PRIMARY KEY, name TEXT, working_dir TEXT, created_at TIMESTAMP,
      updated_at TIMESTAMP, parent_session_id TEXT);
    CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT, session_id TEXT, role TEXT,
      content_json TEXT, created_timestamp INTEGER, metadata_json TEXT);
    CREATE TABLE usage_ledger (id INTEGER PRIMARY KEY, session_id TEXT, created_timestamp INTEGER, model TEXT);
    INSERT INTO sessions VALUES ('20260801_1', 'Gathering', '/home/ada', '2026-08-01 05:00:00', '2026-08-01 05:00:09', NULL);
    INSERT INTO sessions VALUES ('20260801_2', '', '/home/ada', '2026-08-01 06:00:00', '2026-08-01 06:00:00', '20260801_1');
    INSERT INTO usage_ledger VALUES (1, '20260801_1', 1785560403, 'm');
  `;
  const call = (id: string, name: string) => ({
    type: "toolRequest",
    id,
    toolCall: { status: "success", value: { name, arguments: {} } },
  });
  const result = (id: string, toolResult: object) => ({ type: "toolResponse", id, toolResult });
  const MESSAGES: readonly (readonly [role: string, content: readonly object[], metadata?: object])[] = [
    ["user", [{ type: "text", text: "Gather it" }]],
    [
      "assistant",
      [{ type: "thinking", thinking: "Hm", signature: "" }, call("c1", "shell"), call("c2", "read")],
    ],
    [
      "user",
      [
        result("c1", { status: "error", error: "no" }),
        result("c2", { status: "success", value: { content: [], isError: true } }),
        result("c3", { status: "success", value: { content: [] } }),
      ],
    ],
    ["user", [{ type: "text", text: "hidden" }], { userVisible: false }],
  ];

  function gooseDatabase(): AgentDatabase {
    const place = databaseWith(TABLES, "sessions.db");
    const add = place.database.prepare(
      "INSERT INTO messages (message_id, session_id, role, content_json, created_timestamp, metadata_json) VALUES (?, '20260801_1', ?, ?, ?, ?)",
    );
    const seconds = Date.parse("2026-08-01T05:00:00Z") / 1000;
    for (const [i, [role, content, metadata = {}]] of MESSAGES.entries())
      add.run(`chatcmpl-${i}`, role, JSON.stringify(content), seconds + i, JSON.stringify(metadata));
    return place;
  }

  test("each row is an entry; ids say of which day and time they are", async () => {
    const { path } = gooseDatabase();
    const { entries, metadata, store, reports, id } = await take(goose, path);
    expect(entries.map(typeOf)).toEqual([
      "goose:session",
      "user_message",
      "assistant_message",
      "shell false",
      "read false",
      "unknown true",
      "system_message",
      "goose:usage_ledger",
    ]);
    const nativeId = "20260801_1-20260801050000";
    expect(metadata).toMatchObject({
      id: sessionIdOf("goose", { nativeId }),
      name: "Gathering",
      createdAt: Date.parse("2026-08-01T05:00:00Z"),
      tags: ["agent:goose", "project:/home/ada"],
    });
    const second = await store.head(reports[1]?.sessionId as string);
    expect(second.metadata.parentSession).toBe(id);
    expect(await exported(store, id)).toMatchObject({ exact: true, path: `${nativeId}.jsonl` });
  });

  test("rows that were inserted again are the same; a title that was changed is a revision", async () => {
    const { path, database } = gooseDatabase();
    const { store, id, entries } = await take(goose, path);
    database.exec(`
      UPDATE messages SET id = id + 100;
      UPDATE sessions SET name = 'Gathered', updated_at = '2026-08-01 07:00:00' WHERE id = '20260801_1'`);
    const [report] = await importTranscripts(store, goose, [path]);
    expect(report).toMatchObject({ result: "changed", entries: { added: 1, present: entries.length - 1 } });
    expect((await store.head(id)).metadata.name).toBe("Gathered");
  });

  test("the files before: a line for the session, then one for each message", async () => {
    const { types, metadata } = await imported(goose, "20250101_120000.jsonl", [
      { working_dir: "/home/ada", description: "Old", message_count: 2 },
      { role: "user", created: 1735732800, content: [{ type: "text", text: "Hi" }] },
      { role: "assistant", created: 1735732801, content: [{ type: "text", text: "Ho" }] },
    ]);
    expect(types).toEqual(["goose:session", "user_message", "assistant_message"]);
    expect(metadata).toMatchObject({ name: "Old", createdAt: 1735732800_000 });
  });
});
