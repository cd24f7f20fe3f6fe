import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { claudeCode } from "../src/agents/claude-code.ts";
import { codex } from "../src/agents/codex.ts";
import { gemini } from "../src/agents/gemini.ts";
import { opencode } from "../src/agents/opencode.ts";
import { followTranscripts, importTranscripts, isRedacted, KnownFiles } from "../src/index.ts";
import { SESSION } from "./fixtures.ts";
import { openStore, STORES, tempFolder } from "./places.ts";
import { entriesOf, exported, fileWith, importOne, lines } from "./round-trip.ts";

// Put together here, so that nobody who looks through this repository takes it for a real one.
const SECRET = `ghp_${"a1B2c3D4".repeat(4)}`;
const OTHER = `npm_${"a1B2c3D4".repeat(5).slice(0, 36)}`;
const redact = { key: "a key of tests" };

const user = (uuid: string, text: string, time?: string) => ({
  type: "user",
  uuid,
  ...(time && { timestamp: time }),
  message: { role: "user", content: text },
});
const RECORDS = [
  user("u0", `before any time: ${SECRET}`),
  user("u1", `use ${SECRET}, please`, "2026-03-01T09:00:00Z"),
  user("u2", "no secret here", "2026-03-01T09:00:01Z"),
  user("u3", `${SECRET} and ${OTHER}`, "2026-03-01T09:00:02Z"),
];

/** All that a store holds of a session, as one text. */
async function everything(store: Awaited<ReturnType<typeof openStore>>, id: string): Promise<string> {
  return JSON.stringify(await store.get(id));
}

describe.each(Object.keys(STORES))("a redacted import into %s", (kind) => {
  test("stores no secret, marks one and the same alike, and says what was where", async () => {
    const store = await openStore(kind);
    const path = fileWith(lines(...RECORDS), `${SESSION}.jsonl`);
    const { redacted, name } = await importOne(store, claudeCode, path, { redact });
    const text = await everything(store, SESSION);
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain(OTHER);
    const marks = [...text.matchAll(/\[redacted: token of GitHub ([0-9a-f]{12})\]/g)].map(([, mark]) => mark);
    expect(marks.length).toBeGreaterThanOrEqual(3);
    expect(new Set(marks).size).toBe(1);
    expect(name).toContain("[redacted: token of GitHub");
    const content = "content.record.message.content";
    expect(redacted?.places.filter(({ entry }) => entry !== null)).toEqual([
      { name: "token of GitHub", entry: 0, path: content },
      { name: "token of GitHub", entry: 1, path: content },
      { name: "token of GitHub", entry: 3, path: content },
      { name: "token of npm", entry: 3, path: content },
    ]);
    expect(redacted?.places.find(({ entry }) => entry === null)?.path).toBe("name");
    expect(JSON.stringify(redacted)).not.toContain(SECRET);
    const { metadata, context, entries } = await store.get(SESSION);
    expect(metadata.tags).toContain("redacted");
    expect(isRedacted({ context })).toBe(true);
    expect(context["redaction"]).toEqual({ secrets: { "token of GitHub": 3, "token of npm": 1 } });
    expect(entries[0]?.timestamp).toBe(Date.parse("2026-03-01T09:00:00Z"));
    const back = await exported(store, SESSION);
    expect(back.exact).toBe(false);
    expect(back.bytes.toString()).toBe(
      lines(...RECORDS)
        .replaceAll(SECRET, `[redacted: token of GitHub ${marks[0]}]`)
        .replace(OTHER, () => {
          const [mark] = /\[redacted: token of npm \w+\]/.exec(text) ?? [];
          return String(mark);
        }),
    );
  });

  test("has the ids of the source: again it adds nothing, and of a grown or changed file what is new", async () => {
    const plain = await openStore(kind);
    const store = await openStore(kind);
    const path = fileWith(lines(...RECORDS), `${SESSION}.jsonl`);
    await importOne(plain, claudeCode, path);
    await importOne(store, claudeCode, path, { redact });
    const ids = async (of: typeof store) => (await entriesOf(of, SESSION)).map(({ id }) => id);
    expect(await ids(store)).toEqual(await ids(plain));
    const again = await importOne(store, claudeCode, path, { redact });
    expect([again.result, again.entries.added, again.redacted?.places]).toEqual(["unchanged", 0, []]);
    appendFileSync(path, lines(user("u4", `more: ${SECRET}`, "2026-03-01T09:00:03Z")));
    const grown = await importOne(store, claudeCode, path, { redact });
    expect([grown.result, grown.entries.added]).toEqual(["grown", 1]);
    expect(grown.redacted?.places.map(({ entry }) => entry)).toContain(4);
    // The key is another one: what is there stays, and nothing is refused or stored twice.
    writeFileSync(path, lines(...RECORDS.slice(1), user("u5", `last: ${SECRET}`, "2026-03-01T09:00:04Z")));
    const changed = await importOne(store, claudeCode, path, { redact: { key: "another key" } });
    expect([changed.result, changed.entries.added, changed.entries.present]).toEqual(["changed", 1, 3]);
    expect(new Set(await ids(store)).size).toBe(6);
    expect((await store.head(SESSION)).context["redaction"]).toEqual({
      secrets: { "token of GitHub": 5, "token of npm": 1 },
    });
    expect(await everything(store, SESSION)).not.toContain(SECRET);
  });
});

test("a session is redacted as a whole: what was imported otherwise before fails, and says what to do", async () => {
  const store = await openStore();
  const path = fileWith(lines(...RECORDS), `${SESSION}.jsonl`);
  const other = fileWith(lines(...RECORDS), "3b0f6c1e-52a1-4d0e-9a77-0c1d2e3f4a5c.jsonl");
  const known = new KnownFiles();
  await importOne(store, claudeCode, path, { known });
  await importOne(store, claudeCode, other, { redact, known });
  const [late] = await importTranscripts(store, claudeCode, [path], { redact, known });
  expect(late).toMatchObject({ result: "failed", reason: expect.stringContaining("delete it") });
  const [plain] = await importTranscripts(store, claudeCode, [other], { known });
  expect(plain).toMatchObject({ result: "failed", reason: expect.stringContaining("--redact") });
});

test("secrets in files beside, in bytes, in lines that are no records and in what is not ended", async () => {
  const store = await openStore();
  const root = tempFolder();
  const session = join(root, "projects", "p", SESSION);
  mkdirSync(join(session, "tool-results"), { recursive: true });
  writeFileSync(join(session, "tool-results", "a.txt"), `log ${SECRET}`);
  writeFileSync(
    join(session, "tool-results", "b.bin"),
    Buffer.concat([Buffer.from([0xff, 0xfe, 0x00]), Buffer.from(SECRET)]),
  );
  const odd = `{ "type":"user", "x": 1e400, "k":"${SECRET}" }\n`;
  const escaped = `{"type": "user", "k": "\\u0067${SECRET.slice(1)}"}\n`;
  writeFileSync(
    `${session}.jsonl`,
    Buffer.concat([
      Buffer.from(lines(...RECORDS) + odd + escaped),
      Buffer.from([0xff]),
      Buffer.from(`${SECRET}\n{"unfinished": "${SECRET}`),
    ]),
  );
  const [report] = await importTranscripts(store, claudeCode, [root], { redact });
  expect(report).toMatchObject({ result: "new", refused: [] });
  const text = await everything(store, SESSION);
  expect(text).not.toContain(SECRET);
  expect(text).not.toContain(SECRET.slice(1));
  for (const [, base64] of text.matchAll(/"base64":"([^"]+)"/g))
    expect(Buffer.from(base64 as string, "base64").toString("latin1")).not.toContain(SECRET);
  expect([...text.matchAll(/"base64":"/g)]).toHaveLength(2);
  expect(report?.redacted?.count).toBeGreaterThanOrEqual(9);
});

test("with a dry run it says what would be replaced", async () => {
  const store = await openStore();
  const path = fileWith(lines(...RECORDS), `${SESSION}.jsonl`);
  const { redacted } = await importOne(store, claudeCode, path, { redact, dryRun: true });
  expect(redacted?.places.filter(({ entry }) => entry !== null)).toHaveLength(4);
  expect((await store.list({})).items).toEqual([]);
});

test("what follows is redacted, too", async () => {
  const store = await openStore();
  const path = fileWith(lines(...RECORDS), `${SESSION}.jsonl`);
  const end = new AbortController();
  const onReports = () => end.abort();
  await followTranscripts(store, [{ reader: claudeCode, paths: [path] }], {
    signal: end.signal,
    onReports,
    redact,
  });
  expect(await everything(store, SESSION)).not.toContain(SECRET);
});

test("credentials of the agents are never taken in", async () => {
  const root = tempFolder();
  const canary = `sk-ant-canary-${"a1B2c3D4".repeat(4)}`;
  const credentials = [
    ".credentials.json",
    "auth.json",
    "oauth_creds.json",
    "google_accounts.json",
    "settings.json",
    "config.toml",
    "projects/.credentials.json",
    "sessions/auth.json",
    "storage/auth.json",
    "tmp/x/oauth_creds.json",
  ];
  for (const path of credentials) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), JSON.stringify({ token: canary }));
  }
  writeFileSync(join(root, "projects", `${SESSION}.jsonl`), lines(...RECORDS));
  for (const name of ["mcp-auth.json", "account.json", "github_tokens.json"])
    writeFileSync(join(root, name), JSON.stringify({ token: canary }));
  const store = await openStore();
  for (const reader of [claudeCode, codex, gemini, opencode]) await importTranscripts(store, reader, [root]);
  const { items } = await store.list({});
  expect(items.map(({ id }) => id)).toEqual([SESSION]);
  expect(await everything(store, SESSION)).not.toContain(canary);
});
