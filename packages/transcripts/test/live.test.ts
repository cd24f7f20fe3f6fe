import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { claudeCode } from "../src/agents/claude-code.ts";
import { goose } from "../src/agents/goose.ts";
import { opencode } from "../src/agents/opencode.ts";
import { importTranscripts } from "../src/index.ts";
import { AGENT_CASES, type AgentCase } from "./agent-cases.ts";
import { SESSION } from "./fixtures.ts";
import { openStore, STORES, tempFolder } from "./places.ts";
import { entriesOf, exported, importOne } from "./round-trip.ts";

const LINES = 300;

/** Writes lines in pieces that end anywhere; now and then the end is cut off and written again. */
const WRITER = `
  const fs = require("node:fs");
  const file = process.argv[1];
  let cuts = 0;
  for (let i = 0; i < ${LINES}; i++) {
    const line = JSON.stringify({ type: "user", uuid: "u" + i, message: { content: "é".repeat(i % 50) } }) + "\\n";
    const bytes = Buffer.from(line);
    const at = (i * 7) % bytes.length;
    const before = fs.existsSync(file) ? fs.statSync(file).size : 0;
    fs.appendFileSync(file, bytes.subarray(0, at));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    if (i % 40 === 39 && cuts++ < 3) fs.truncateSync(file, before);
    else fs.appendFileSync(file, bytes.subarray(at));
  }
`;

test.each(Object.keys(STORES))(
  "a file that another process writes meanwhile is whole in %s",
  async (kind) => {
    const store = await openStore(kind);
    const path = join(tempFolder(), `${SESSION}.jsonl`);
    const writer = spawn(process.execPath, ["-e", WRITER, path], { stdio: ["ignore", "ignore", "inherit"] });
    let isWriting = true;
    const ended = once(writer, "exit").then(() => {
      isWriting = false;
    });
    const seen = new Set<string>();
    let imports = 0;
    const take = async () => {
      const { sessionId } = await importOne(store, claudeCode, path);
      const ids = (await entriesOf(store, sessionId)).map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of seen) expect(ids).toContain(id);
      for (const id of ids) seen.add(id);
      imports++;
    };
    await expect.poll(() => existsSync(path) && statSync(path).size > 0, { timeout: 20_000 }).toBe(true);
    while (isWriting) await take();
    await ended;
    await take();
    const back = await exported(store, SESSION);
    expect(back.exact).toBe(true);
    expect(back.bytes.equals(readFileSync(path))).toBe(true);
    expect(imports).toBeGreaterThan(2);
  },
);

const ROWS = 150;

/** Adds rows to a database, some of which it changes a moment later, and now and then takes one away. */
const DATABASE_WRITER = `
  const Database = require("better-sqlite3");
  const [file, insert, update, remove] = process.argv.slice(1);
  const database = new Database(file, { timeout: 10000 });
  database.pragma("journal_mode = WAL");
  const pause = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  for (let i = 0; i < ${ROWS}; i++) {
    database.prepare(insert).run({ id: "w" + String(i).padStart(4, "0"), at: 1785560500 + i });
    pause();
    if (i % 3 === 0) database.prepare(update).run({ id: "w" + String(i).padStart(4, "0") });
    if (i % 50 === 49) database.prepare(remove).run({ id: "w" + String(i).padStart(4, "0") });
  }
  database.close();
`;

const DATABASES = [
  {
    agent: opencode,
    insert:
      'INSERT INTO part VALUES (@id, \'m2\', \'ses_1\', @at * 1000, @at * 1000, \'{"type":"text","text":"a"}\')',
    update: `UPDATE part SET data = '{"type":"text","text":"ab"}' WHERE id = @id`,
    remove: "DELETE FROM part WHERE id = @id",
  },
  {
    agent: goose,
    insert: `INSERT INTO messages (message_id, session_id, role, content_json, created_timestamp, metadata_json)
      VALUES (@id, '20260801_1', 'assistant', '[{"type":"text","text":"a"}]', @at, '{}')`,
    update: `UPDATE messages SET content_json = '[{"type":"text","text":"ab"}]' WHERE message_id = @id`,
    remove: "DELETE FROM messages WHERE message_id = @id",
  },
];

test.each(DATABASES)(
  "a database of $agent.agent that another process writes meanwhile is whole",
  async ({ agent, insert, update, remove }) => {
    const store = await openStore();
    const root = tempFolder();
    const each = AGENT_CASES.find(
      ({ reader, path }) => reader === agent && path.endsWith(".db"),
    ) as AgentCase;
    each.write(root, each.pieces);
    const path = join(root, each.path);
    const args = ["-e", DATABASE_WRITER, path, insert, update, remove];
    const cwd = join(import.meta.dirname, "..");
    const writer = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"], cwd });
    let isWriting = true;
    const ended = once(writer, "exit").then(([code]) => {
      isWriting = false;
      expect(code).toBe(0);
    });
    const seen = new Set<string>();
    let [imports, id] = [0, ""];
    const take = async () => {
      const [report] = await importTranscripts(store, agent, [path]);
      expect([report?.refused, report?.reason]).toEqual([[], undefined]);
      id = report?.sessionId as string;
      const ids = (await entriesOf(store, id)).map((entry) => entry.id as string);
      expect(new Set(ids).size).toBe(ids.length);
      for (const one of seen) expect(ids).toContain(one);
      for (const one of ids) seen.add(one);
      imports++;
    };
    while (isWriting) await take();
    await ended;
    await take();
    expect(imports).toBeGreaterThan(2);
    const fresh = await openStore();
    await importTranscripts(fresh, agent, [path]);
    const [back, wanted] = [await exported(store, id), await exported(fresh, id)];
    expect(back.exact).toBe(true);
    expect(back.bytes.equals(wanted.bytes)).toBe(true);
    expect(back.bytes.toString().match(/"w\d{4}"/g)?.length).toBe(ROWS - 3);
  },
  30_000,
);
