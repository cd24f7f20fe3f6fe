// Longer than most files: the database of opencode, and three layouts of its files.
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import { opencode } from "../src/agents/opencode.ts";
import {
  exportMembers,
  type FileReport,
  followTranscripts,
  importTranscripts,
  sessionIdOf,
} from "../src/index.ts";
import { type AgentDatabase, databaseWith, take } from "./agent-database.ts";
import { imported, typeOf } from "./imported.ts";
import { openStore, STORES, tempFolder } from "./places.ts";
import { entriesOf, exported, fileWith } from "./round-trip.ts";

const OPENCODE_TABLES = `
  CREATE TABLE session (id text PRIMARY KEY, parent_id text, directory text, title text, version text,
    share_url text, time_created integer, time_updated integer);
  CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer, time_updated integer, data text);
  CREATE TABLE part (id text PRIMARY KEY, message_id text, session_id text, time_created integer,
    time_updated integer, data text);
  CREATE TABLE session_message (id text PRIMARY KEY, session_id text, type text, seq integer,
    time_created integer, time_updated integer, data text);
  CREATE TABLE account (id text PRIMARY KEY, access_token text);
  INSERT INTO account VALUES ('a', 'secret-token');
`;
const AT = Date.parse("2026-07-10T00:00:00Z");

function opencodeDatabase(): AgentDatabase & {
  add(id: string, role: string, ...parts: readonly object[]): void;
} {
  const place = databaseWith(OPENCODE_TABLES, "opencode.db");
  place.database
    .prepare(
      "INSERT INTO session VALUES ('ses_1', 'ses_0', '/home/ada/mill', 'Milling', '1.18', 'https://x', ?, ?)",
    )
    .run(AT, AT);
  let time = AT;
  const add = (id: string, role: string, ...parts: readonly object[]) => {
    const data = JSON.stringify({ role, time: { created: ++time } });
    place.database.prepare("INSERT INTO message VALUES (?, 'ses_1', ?, ?, ?)").run(id, time, time, data);
    for (const [i, part] of parts.entries())
      place.database
        .prepare("INSERT INTO part VALUES (?, ?, 'ses_1', ?, ?, ?)")
        .run(`${id}_${i}`, id, time, time, JSON.stringify(part));
  };
  add("m1", "user", { type: "text", text: "Mill it" }, { type: "text", text: "<env>", synthetic: true });
  add(
    "m2",
    "assistant",
    { type: "step-start" },
    { type: "reasoning", text: "How?" },
    { type: "tool", tool: "bash", callID: "c1", state: { status: "completed", metadata: { exit: 1 } } },
    { type: "tool", tool: "read", callID: "c2", state: { status: "completed", output: "1.0" } },
    { type: "tool", tool: "edit", callID: "c3", state: { status: "running" } },
    { type: "text", text: "Milled." },
    { type: "hologram" },
  );
  return { ...place, add };
}

const OPENCODE_TYPES = [
  "opencode:session",
  "opencode:message/user",
  "user_message",
  "system_message",
  "opencode:message/assistant",
  "opencode:part/step-start",
  "assistant_message",
  "bash false",
  "read true",
  "opencode:part/tool",
  "assistant_message",
  "opencode:part/hologram",
];

describe("a database of opencode", () => {
  test("each row is an entry, read while the agent has it open; nothing else of it is", async () => {
    const { path } = opencodeDatabase();
    const { entries, metadata, report, id, store } = await take(opencode, path);
    expect(entries.map(typeOf)).toEqual(OPENCODE_TYPES);
    expect(metadata).toMatchObject({
      id: sessionIdOf("opencode", { nativeId: "ses_1" }),
      name: "Milling",
      parentSession: sessionIdOf("opencode", { nativeId: "ses_0" }),
      createdAt: AT,
      updatedAt: AT + 2,
      tags: ["agent:opencode", "project:/home/ada/mill"],
    });
    expect(report).toMatchObject({ result: "new", unknownKinds: { "part/hologram": 1 } });
    const { bytes, exact, path: name } = await exported(store, id);
    expect([exact, name]).toEqual([true, "ses_1.jsonl"]);
    expect(bytes.toString()).not.toMatch(/secret-token|https/);
    expect(JSON.parse(bytes.toString().split("\n")[2] as string)).toEqual({
      table: "part",
      id: "m1_0",
      message_id: "m1",
      session_id: "ses_1",
      time_created: AT + 1,
      time_updated: AT + 1,
      data: { type: "text", text: "Mill it" },
    });
    // What was written as lines is the same session.
    const again = await importTranscripts(store, opencode, [fileWith(bytes, "ses_1.jsonl")]);
    expect(again).toMatchObject([{ result: "unchanged", sessionId: id }]);
  });

  test.each(Object.keys(STORES))(
    "in %s: again adds nothing; rows that were changed or are new are added, those that are gone stay",
    async (kind) => {
      const { path, database, add } = opencodeDatabase();
      const { store, id, entries } = await take(opencode, path, openStore(kind));
      const again = await importTranscripts(store, opencode, [path]);
      expect(again).toMatchObject([{ result: "unchanged", entries: { added: 0, present: entries.length } }]);
      const ended = { type: "tool", tool: "edit", callID: "c3", state: { status: "error", error: "no" } };
      database
        .prepare("UPDATE part SET data = ?, time_updated = ? WHERE id = 'm2_4'")
        .run(JSON.stringify(ended), AT + 9);
      database.prepare("DELETE FROM part WHERE id = 'm2_1'").run();
      add("m3", "user", { type: "text", text: "More" });
      const [report] = await importTranscripts(store, opencode, [path]);
      expect(report).toMatchObject({ result: "changed", entries: { added: 3 } });
      const now = await entriesOf(store, id);
      expect(now.slice(0, entries.length)).toEqual(entries);
      expect(now.slice(entries.length).map(typeOf)).toEqual([
        "edit false",
        "opencode:message/user",
        "user_message",
      ]);
      expect(await exported(store, id)).toMatchObject({ exact: true });
    },
  );

  test("values of any kind are in the lines as they are in the database", async () => {
    const { path, database } = opencodeDatabase();
    const add = database.prepare("INSERT INTO part VALUES (?, 'm2', 'ses_1', ?, ?, ?)");
    const big = 9007199254740993n;
    add.run("x1", big, 1.5, '{"a":1.0,"a":2}');
    add.run("x2", null, Buffer.from([0xff]), "{no json");
    add.run("x3", "text", Number.POSITIVE_INFINITY, '{\n"a": 1}');
    const { id, store } = await take(opencode, path);
    const { bytes, exact } = await exported(store, id);
    expect(exact).toBe(true);
    const lines = bytes.toString().trimEnd().split("\n").slice(-3);
    expect(lines.map((line) => line.slice(line.indexOf('"time_created"')))).toEqual([
      `"time_created":${big},"time_updated":1.5,"data":{"a":1.0,"a":2}}`,
      '"time_created":null,"time_updated":{"base64":"/w=="},"data":"{no json"}',
      '"time_created":"text","time_updated":"Infinity","data":"{\\n\\"a\\": 1}"}',
    ]);
  });

  test("a session that the newer tables have is read from them", async () => {
    const { path, database } = opencodeDatabase();
    const add = database.prepare("INSERT INTO session_message VALUES (?, 'ses_1', ?, ?, ?, ?, ?)");
    const tool = (name: string, status: string) => ({ type: "tool", name, state: { status } });
    const content = [{ type: "text", text: "Milled." }, tool("grep", "error"), tool("read", "running")];
    const messages: readonly (readonly [string, object])[] = [
      ["user", { text: "Mill it" }],
      ["assistant", { content, error: { name: "MessageAbortedError" } }],
      ["shell", { command: "ls", output: "" }],
      ["system", { text: "You mill." }],
      ["idle", { outcome: "x" }],
    ];
    for (const [i, [type, data]] of messages.entries())
      add.run(`e${i}`, type, i, AT + i, AT + i, JSON.stringify(data));
    const { entries, metadata } = await take(opencode, path);
    expect(entries.map(typeOf)).toEqual([
      "opencode:session",
      "user_message",
      "assistant_message",
      "grep false",
      "shell true",
      "system_message",
      "opencode:entry/idle",
    ]);
    expect(metadata.status).toBe("cancelled");
  });
});

test("a database is followed: what its agent has written, once it was quiet for two seconds", async () => {
  const { path, database, add } = opencodeDatabase();
  const store = await openStore();
  const stop = new AbortController();
  const told: FileReport[] = [];
  let wake = () => {};
  const running = followTranscripts(store, [{ reader: opencode, paths: [path] }], {
    signal: stop.signal,
    pollMs: 20,
    lookMs: 500,
    onReports: (reports) => {
      told.push(...reports);
      wake();
    },
  });
  const next = async (): Promise<FileReport> => {
    for (let report = told.shift(); ; report = told.shift()) {
      if (report) return report;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  expect(await next()).toMatchObject({ result: "new" });
  add("m3", "user", { type: "text", text: "More" });
  expect(await next()).toMatchObject({ result: "grown", entries: { added: 2 } });
  const written = Date.now();
  database.prepare("UPDATE part SET data = '{}', time_updated = ? WHERE id = 'm3_0'").run(written);
  expect(await next()).toMatchObject({ result: "changed", entries: { added: 1 } });
  expect(Date.now() - written).toBeGreaterThanOrEqual(2000);
  stop.abort();
  await running;
});

describe("what is no database of the agent", () => {
  test.each([
    ["no database at all", "hello, this is no database, whatever its name says", "failed"],
    ["nothing", "", undefined],
  ])("%s", async (_, text, result) => {
    const store = await openStore();
    const reports = await importTranscripts(store, opencode, [fileWith(text, "opencode.db")]);
    expect(reports.map((report) => report.result)).toEqual(result === undefined ? [] : [result]);
    if (result) expect(reports[0]?.reason).toContain("cannot be read");
  });

  test("other tables", async () => {
    const { path } = databaseWith("CREATE TABLE session (a); CREATE TABLE part (b)", "opencode.db");
    const store = await openStore();
    expect(await importTranscripts(store, opencode, [path])).toEqual([]);
  });
});

describe("the files of opencode", () => {
  const file = (value: object) => JSON.stringify(value, null, 2);
  const V1: Readonly<Record<string, string>> = {
    "storage/session/p/ses_1.json": file({ id: "ses_1", title: "Milling", time: { created: AT } }),
    "storage/message/ses_1/m1.json": file({
      id: "m1",
      sessionID: "ses_1",
      role: "user",
      time: { created: AT + 1 },
    }),
    "storage/message/ses_1/m2.json": `${file({ id: "m2", role: "assistant", path: { cwd: "/mill" } })}\n`,
    "storage/part/m1/p1.json": '{"id":"p1","messageID":"m1","type":"text","text":"Mill it"}',
    "storage/part/m2/p2.json": '{"id":"p2","messageID":"m2","type":"text","text":"torn',
    "storage/part/m2/p3.json": file({ id: "p3", messageID: "m2", type: "text", text: "Milled." }),
    "storage/project/p.json": "{}",
    "storage/session_diff/ses_1.json": "[]",
    "storage/part/lost/p4.json": "{}",
    "auth.json": "{}",
  };
  const V0 = Object.fromEntries(
    Object.entries(V1)
      .filter(([path]) => /\/(?:session|message|part)\//.test(path) && !path.includes("lost"))
      .map(([path, text]) => [
        path
          .replace("storage/session/p/", "project/mill/storage/session/info/")
          .replace("storage/message/", "project/mill/storage/session/message/")
          .replace("storage/part/", "project/mill/storage/session/part/ses_1/"),
        text,
      ]),
  );

  function tree(files: Readonly<Record<string, string>>): string {
    const root = tempFolder();
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return root;
  }

  test.each([
    ["since 0.x", V1],
    ["before", V0],
  ])("%s: one session, and its files come back", async (_, files) => {
    const root = tree(files);
    const { entries, metadata, reports, id, store } = await take(opencode, root);
    expect(entries.map(typeOf)).toEqual([
      "opencode:session",
      "opencode:message/user",
      "user_message",
      "opencode:message/assistant",
      "opencode:torn",
      "assistant_message",
    ]);
    expect(metadata).toMatchObject({
      name: "Milling",
      createdAt: AT,
      tags: ["agent:opencode", "project:/mill"],
    });
    const others = reports.flatMap(({ result, reason }) => (reason ? [`${result}: ${reason}`] : []));
    expect(others).toEqual(files === V1 ? ["skipped: there is no session that it belongs to"] : []);

    const back: Record<string, string> = {};
    for await (const member of exportMembers(store, id)) {
      const { exact } = await member.write(async (bytes) => {
        back[member.path] = Buffer.from(bytes).toString();
      });
      expect(exact).toBe(true);
    }
    const own = Object.entries(files).filter(([path]) => /\/(?:session|message|part)\//.test(path));
    expect(back).toEqual(Object.fromEntries(own.filter(([path]) => !path.includes("lost"))));

    const importAgain = async () => (await importTranscripts(store, opencode, [root])).at(-1);
    expect(await importAgain()).toMatchObject({ result: "unchanged", entries: { added: 0 } });
    const part = Object.keys(files).find((path) => path.endsWith("p2.json")) as string;
    writeFileSync(join(root, part), file({ id: "p2", messageID: "m2", type: "text", text: "whole" }));
    expect(await importAgain()).toMatchObject({ result: "changed", entries: { added: 1 } });
    expect(await exported(store, id)).toMatchObject({ exact: true });
    // The folder within may be named as well.
    const [within] = Object.keys(files).flatMap((path) => /^.*storage(?=\/)/.exec(path) ?? []);
    const { metadata: named } = await take(opencode, join(root, within as string));
    expect(named.id).toBe(id);
  });

  test("what is in the database, too, is taken from there", async () => {
    const { path } = opencodeDatabase();
    const root = tree(V1);
    // As it lies on the disk: nothing is left in the log.
    const whole = new Database(path);
    whole.exec(`VACUUM INTO '${join(root, "opencode.db")}'`);
    whole.close();
    const { reports, entries } = await take(opencode, root);
    expect(entries.map(typeOf)).toEqual(OPENCODE_TYPES);
    expect(reports.find(({ path: at }) => at.endsWith("ses_1.json"))).toMatchObject({
      result: "skipped",
      reason: expect.stringContaining("opencode.db#ses_1"),
    });
    const [own] = opencode.roots({ home: "/h", env: { XDG_DATA_HOME: dirname(root) } });
    expect(own?.path).toBe(`${dirname(root)}/opencode`);
  });

  test("an export: a message with its parts is an entry, its results others", async () => {
    const text = (value: string) => ({ type: "text", text: value });
    const tool = { type: "tool", tool: "glob", state: { status: "completed" } };
    const record = {
      info: { id: "ses_9", directory: "/mill", version: "1.2.21", time: { created: AT, updated: AT + 5 } },
      messages: [
        { info: { id: "m1", role: "user", time: { created: AT + 1 } }, parts: [text("Mill it")] },
        { info: { id: "m2", role: "assistant", time: { created: AT + 2 } }, parts: [tool, text("Milled.")] },
      ],
    };
    const { types, metadata } = await imported(opencode, "export.json", file(record));
    expect(types).toEqual(["user_message", "assistant_message", "glob true", "opencode:session"]);
    expect(metadata).toMatchObject({
      id: sessionIdOf("opencode", { nativeId: "ses_9" }),
      name: "Mill it",
      updatedAt: AT + 5,
    });
  });
});

test.skipIf(process.platform === "win32")("a database that may only be read is read", async () => {
  const { path, database } = opencodeDatabase();
  database.pragma("journal_mode = DELETE");
  const folder = dirname(path);
  chmodSync(path, 0o400);
  chmodSync(folder, 0o500);
  onTestFinished(() => chmodSync(folder, 0o700));
  const { entries } = await take(opencode, path);
  expect(entries).toHaveLength(OPENCODE_TYPES.length);
  expect(readdirSync(folder)).toEqual(["opencode.db"]);
});
