// Longer than most files: what a store over transcripts shows, when files change before and while it is open.
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import {
  type EntryId,
  type SessionId,
  SessionManager,
  type SessionStore,
  type StoreChange,
  type StoredEntry,
  type StoreWarning,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { conformanceCases } from "@thulp-sessions/store-conformance";
import { openSqliteStore } from "@thulp-sessions/store-sqlite";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { AGENT_NAMES, agentReader, INSTALLED_AGENT_NAMES } from "../src/agent-table.ts";
import { claudeCode } from "../src/agents/claude-code.ts";
import { codex } from "../src/agents/codex.ts";
import * as chunks from "../src/files/read-chunks.ts";
import { importTranscripts } from "../src/index.ts";
import { sha256 } from "../src/model/derived-ids.ts";
import { isExactly } from "../src/model/file-state.ts";
import {
  openTranscriptStore,
  TRANSCRIPT_FORMAT,
  type TranscriptCache,
  type TranscriptSource,
  type TranscriptStoreOptions,
} from "../src/store/open-transcript-store.ts";
import * as fixtures from "./fixtures.ts";
import { CLAUDE, CODEX, SESSION, THREAD } from "./fixtures.ts";
import { openStore, tempFolder } from "./places.ts";
import { entriesOf, exported, lines } from "./round-trip.ts";

vi.mock("../src/files/read-chunks.ts", { spy: true });

const [A, B, C, D] = [2, 3, 6, 7].map((i) => lines(CLAUDE[i] as object)) as [string, string, string, string];
const PATH = `.claude/projects/-home-ada/${SESSION}.jsonl`;
const ROLLOUT = `.codex/sessions/2026/04/02/rollout-2026-04-02T11-59-59-${THREAD}.jsonl`;
const OTHER = "11111111-2222-4333-8444-555555555555";
const TIMES = { pollMs: 20, lookMs: 40 };

function write(home: string, path: string, text: string): string {
  const full = join(home, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
  return full;
}

/** As old as a file has to be for its stamp to be believed. */
function makeOld(path: string, secondsAgo = 3600): void {
  const time = Date.now() / 1000 - secondsAgo;
  utimesSync(path, time, time);
}

function sourcesOf(home: string): TranscriptSource[] {
  return [claudeCode, codex].map((reader) => ({ reader, paths: reader.roots({ home, env: {} }) }));
}

async function open(home: string, more: Partial<TranscriptStoreOptions> = {}) {
  const warnings: StoreWarning[] = [];
  const onWarning = (warning: StoreWarning) => void warnings.push(warning);
  const inner = new MemoryStore();
  const store = await openTranscriptStore({ sources: sourcesOf(home), inner, onWarning, ...TIMES, ...more });
  onTestFinished(() => store.close());
  return { store, warnings };
}

/** What is kept for the next opening, as config keeps it in a folder. */
function memoryCache(): TranscriptCache & { damages: number } {
  let kept = "null";
  return {
    damages: 0,
    load: async () => JSON.parse(kept),
    save: async (known) => {
      kept = JSON.stringify(known);
    },
    exclusively: (work) => work(),
    damaged() {
      this.damages++;
    },
  };
}

const texts = async (store: SessionStore, id: string = SESSION) =>
  (await exported(store, id)).bytes.toString();

/** The next change of this session. */
async function nextChange(
  store: SessionStore,
  cause: () => void,
  id: string = SESSION,
): Promise<StoreChange> {
  const changes = await store.watch({ id: id as SessionId });
  cause();
  const { value } = await changes.next();
  await changes.return?.();
  return value as StoreChange;
}

describe("what agents keep", () => {
  test.each(["memory", "sqlite"])("is listed, shown, searched and exported, over %s", async (kind) => {
    const home = tempFolder();
    write(home, PATH, lines(...CLAUDE));
    write(home, ROLLOUT, lines(...CODEX));
    const { store, warnings } = await open(home, { inner: await openStore(kind) });
    expect(store).toMatchObject({ kind: "transcripts", location: "transcripts:claude-code,codex" });
    const { items } = await store.list();
    expect(items.map(({ id, name }) => [id, name])).toEqual([
      [THREAD, "Weave it"],
      [SESSION, "Counting cogs"],
    ]);
    expect(await store.count({ tag: "agent:codex" })).toBe(1);
    expect((await store.count({}, { by: "tag", prefix: "project:" })).items).toHaveLength(2);
    expect((await store.list({ heads: true, limit: 1 })).nextCursor).not.toBeNull();
    expect((await store.readEntries(SESSION, { last: 1 })).items).toMatchObject([
      { entryType: { event: "claude-code:ai-title" } },
    ]);
    const hits = await store.search({ text: "woven" });
    expect(hits.items.map(({ sessionId }) => sessionId)).toEqual([THREAD, THREAD]);
    expect(await texts(store)).toBe(lines(...CLAUDE));
    expect((await exported(store, THREAD)).exact).toBe(true);
    const { views } = new SessionManager(store);
    expect((await views.resolve(SESSION.slice(0, 8))).items).toMatchObject([{ id: SESSION }]);
    expect((await views.outline(SESSION)).entryCount).toBe((await store.head(SESSION)).entryCount);
    expect(warnings).toEqual([]);
  });

  test("is the same as what an import makes of it", async () => {
    const home = tempFolder();
    write(home, PATH, lines(...CLAUDE));
    const [imported, { store }] = [await openStore(), await open(home)];
    await importTranscripts(imported, claudeCode, [join(home, ".claude")]);
    const { version: _, epoch: __, ...wanted } = await imported.get(SESSION);
    expect(await store.get(SESSION)).toMatchObject(wanted);
  });

  test("is not written, and the refusal says what does", async () => {
    const home = tempFolder();
    write(home, PATH, A);
    const { store } = await open(home, { sources: sourcesOf(home).slice(0, 1) });
    const entry = {
      id: OTHER as EntryId,
      timestamp: 1,
      entryType: { type: "user_message" },
      content: "x",
    } as const;
    const { metadata, context } = await store.get(SESSION);
    const session = {
      metadata: { ...metadata, id: THREAD as never },
      entries: [],
      context: context as never,
    };
    for (const call of [
      () => store.create(session),
      () => store.append(SESSION, [entry], { at: 1 }),
      () => store.update(SESSION, { name: "x" }, { at: 1 }),
      () => store.truncate(SESSION, 0, { at: 1 }),
      () => store.replace({ ...session, metadata }),
      () => store.delete(SESSION),
    ])
      await expect(call()).rejects.toMatchObject({
        code: "unsupported",
        message: expect.stringMatching(
          /^transcripts:claude-code may only be read.*import --from claude-code /,
        ),
      });
    expect(await texts(store)).toBe(A);
    expect(store.capabilities).toMatchObject({ writable: false, shared: true });
  });

  test("is named where there is nothing of it", async () => {
    const home = tempFolder();
    const { store, warnings } = await open(home);
    expect((await store.list()).items).toEqual([]);
    const [warning] = warnings;
    expect(warning).toMatchObject({ code: "not_found" });
    expect(warning?.message).toContain(`Claude Code (${join(home, ".claude", "projects")})`);
    expect(warning?.message).toContain(`Codex (${join(home, ".codex", "sessions")}`);
    // It may come later.
    expect(await nextChange(store, () => write(home, PATH, A))).toMatchObject({ type: "created" });
  });
});

test.each(["read-only-refuses", "read-only-reads", "read-only-at-rest"])("the contract: %s", async (id) => {
  const [found] = conformanceCases.filter((each) => each.id === id);
  await found?.run(async () => {
    const file = join(tempFolder(), "inner.db");
    return {
      open: () => openSqliteStore({ file }),
      openReadOnly: async () => openTranscriptStore({ sources: [], inner: await openSqliteStore({ file }) }),
      dispose: async () => {},
    };
  });
  expect(found).toBeDefined();
});

describe("while it is open", () => {
  test("what an agent writes comes to those who follow", async () => {
    const home = tempFolder();
    const path = write(home, PATH, A);
    const { store } = await open(home);
    const events = new SessionManager(store).subscribe(SESSION, { after: "start" });
    const next = async () => (await events.next()).value;
    expect(await next()).toMatchObject({ type: "entry", entry: { seq: 0 } });
    appendFileSync(path, B);
    expect(await next()).toMatchObject({ type: "entry", entry: { seq: 1 } });
    // The agent takes back what it has written, and goes on in another way.
    truncateSync(path, A.length);
    appendFileSync(path, C);
    expect(await next()).toMatchObject({ type: "rewound", entryCount: 1 });
    expect(await next()).toMatchObject({ type: "entry", entry: { seq: 1 } });
    expect(await texts(store)).toBe(A + C);
    expect(await entriesOf(store, SESSION)).toHaveLength(2);
    rmSync(path);
    expect(await next()).toMatchObject({ type: "deleted" });
    await events.return?.();
  });

  test("a file that is moved stays the same session", async () => {
    const home = tempFolder();
    const path = write(home, PATH, A);
    const { store } = await open(home);
    const moved = join(home, ".claude/projects", `${SESSION}.jsonl`);
    const changes = await store.watch();
    renameSync(path, moved);
    appendFileSync(moved, B);
    while ((await texts(store)) !== A + B)
      expect((await changes.next()).value).toEqual({ type: "changed", id: SESSION });
    await changes.return?.();
  });

  test("a file of several batches that is rewritten has its entries in the order of the file", async () => {
    const home = tempFolder();
    const record = (i: number) => lines({ type: "tag", tag: `t${i}` });
    const long = Array.from({ length: 2500 }, (_, i) => record(i)).join("");
    const path = write(home, PATH, record(2499) + long);
    const { store } = await open(home);
    expect((await store.head(SESSION)).entryCount).toBe(2501);
    const changes = await store.watch();
    writeFileSync(path, long + record(0));
    const tagOf = ({ content }: StoredEntry) => (content as { record: { tag: string } }).record.tag;
    for (;;) {
      const { entries, context } = await store.get(SESSION);
      if (entries.length === 2501 && context["import"] && entries.map(tagOf)[0] === "t0") break;
      await changes.next();
    }
    await changes.return?.();
    expect(await texts(store)).toBe(long + record(0));
    const tags = (await entriesOf(store, SESSION)).map(tagOf);
    expect(tags).toEqual([...Array.from({ length: 2500 }, (_, i) => `t${i}`), "t0"]);
  });

  test("what cannot be taken in is told of once, and taken in later", async () => {
    const home = tempFolder();
    const path = write(home, PATH, A);
    const cache = memoryCache();
    let failures = 0;
    const { store, warnings } = await open(home, {
      cache: {
        ...cache,
        exclusively: (work) => {
          if (failures-- > 0) throw new Error("no room");
          return work();
        },
      },
    });
    failures = 3;
    expect(await nextChange(store, () => appendFileSync(path, B))).toMatchObject({ type: "changed" });
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining("no room")]);
  });
});

describe("from one opening to the next", () => {
  /** Opens twice over one place, with something done in between. */
  async function between(change: (path: string, home: string) => void, before = A + B) {
    const home = tempFolder();
    const path = write(home, PATH, before);
    makeOld(path, 7200);
    const file = join(tempFolder(), "inner.db");
    const cache = memoryCache();
    await (await open(home, { inner: await openSqliteStore({ file }), cache })).store.close();
    change(path, home);
    vi.mocked(chunks.readChunks).mockClear();
    const opened = await open(home, { inner: await openSqliteStore({ file }), cache });
    return { ...opened, filesRead: vi.mocked(chunks.readChunks).mock.calls.length };
  }

  test("a file that is as it was is not read", async () => {
    const { store, filesRead } = await between(() => {});
    expect(filesRead).toBe(0);
    expect(await texts(store)).toBe(A + B);
  });

  test.each<[string, string, (path: string) => void]>([
    ["has grown", A + B + C, (path) => appendFileSync(path, C)],
    ["was cut", A, (path) => truncateSync(path, A.length)],
    ["was written again", D + C, (path) => writeFileSync(path, D + C)],
    ["has its lines in another order", B + A, (path) => writeFileSync(path, B + A)],
  ])("one that %s is shown as it is now", async (_, now, change) => {
    const { store } = await between(change);
    expect(await texts(store)).toBe(now);
    const fresh = await openStore();
    const folder = tempFolder();
    await importTranscripts(fresh, claudeCode, [write(folder, `${SESSION}.jsonl`, now)]);
    expect((await entriesOf(store, SESSION)).map(({ id }) => id)).toEqual(
      (await entriesOf(fresh, SESSION)).map(({ id }) => id),
    );
  });

  test("what stood in a last line that then went on in another way is gone", async () => {
    const whole = B.trimEnd();
    const { store } = await between((path) => writeFileSync(path, `${A}${whole} x\n`), A + whole);
    expect((await entriesOf(store, SESSION)).map(({ entryType }) => entryType.type)).toEqual([
      "user_message",
      "system_event",
    ]);
    expect(await texts(store)).toBe(`${A}${whole} x\n`);
  });

  test.each<[string, readonly string[], (path: string) => void]>([
    ["was changed", ["b", "other"], (path) => writeFileSync(path, "other")],
    ["was removed", ["b"], (path) => rmSync(path)],
  ])("what lay beside one, and %s, is shown as it is now", async (_, now, change) => {
    const home = tempFolder();
    makeOld(write(home, PATH, A));
    const [side = ""] = ["a", "b"].map((name) =>
      write(home, join(dirname(PATH), SESSION, "tool-results", `${name}.txt`), name),
    );
    const file = join(tempFolder(), "inner.db");
    const openAgain = async () => (await open(home, { inner: await openSqliteStore({ file }) })).store;
    const contents = async (store: SessionStore) =>
      (await entriesOf(store, SESSION)).flatMap(({ content }) => (content as { text?: string }).text ?? []);
    const first = await openAgain();
    expect(await contents(first)).toEqual(["a", "b"]);
    await first.close();
    change(side);
    expect((await contents(await openAgain())).sort()).toEqual(now);
  });

  test.each<[string, (path: string, home: string) => void]>([
    ["is gone", (path) => rmSync(path)],
    ["is empty now", (path) => truncateSync(path, 0)],
    ["lies where nothing is looked for", (path, home) => renameSync(path, join(home, "elsewhere.jsonl"))],
  ])("the session of a file that %s is gone", async (_, change) => {
    const { store, warnings } = await between(change);
    expect(await store.count()).toBe(0);
    expect(await store.search({ text: "looks" })).toMatchObject({ items: [] });
    expect(warnings).toEqual([]);
  });

  test.skipIf(process.platform === "win32")(
    "of a file that cannot be read, what was read of it stays, and a warning names it",
    async () => {
      const { store, warnings } = await between((path) => {
        rmSync(path);
        symlinkSync("/nowhere", path);
      });
      expect(await texts(store)).toBe(A + B);
      expect(warnings).toMatchObject([{ code: "io", path: expect.stringContaining(PATH) }]);
    },
  );

  test("a session that is damaged where it is kept is read again", async () => {
    const home = tempFolder();
    write(home, PATH, A);
    const file = join(tempFolder(), "inner.db");
    await (await open(home, { inner: await openSqliteStore({ file }) })).store.close();
    const { default: Database } = await import("better-sqlite3");
    const database = new Database(file);
    database.exec("UPDATE entries SET content = '{'");
    database.exec("UPDATE contexts SET context = '{'");
    database.close();
    const { store } = await open(home, { inner: await openSqliteStore({ file }) });
    expect(await texts(store)).toBe(A);
  });
});

test("what is found to be damaged later is made again by the next process", async () => {
  const home = tempFolder();
  const path = write(home, PATH, A);
  makeOld(path);
  const file = join(tempFolder(), "inner.db");
  const cache = memoryCache();
  const { store } = await open(home, { inner: await openSqliteStore({ file }), cache });
  await store.get(SESSION);
  expect(cache.damages).toBe(0);
  const { default: Database } = await import("better-sqlite3");
  const database = new Database(file);
  database.exec("UPDATE entries SET content = '{'");
  database.close();
  await expect(store.get(SESSION)).rejects.toMatchObject({ code: "corrupt" });
  expect(cache.damages).toBe(1);
});

test("a session is exactly its file where each entry has one place, in the order of the file", () => {
  const state = { size: 0, sha256: "", last: null, metadata: { name: "", status: "", tags: [] } };
  const tail = { size: 1, sha256: "", runs: [[2, 1]] } as const;
  const sideFiles = [{ path: "", sha256: "", runs: [[0, 1]] }] as const;
  expect(isExactly({ ...state, runs: [[1, 1]], tail, sideFiles }, 3)).toBe(true);
  expect(isExactly({ ...state, runs: [[1, 1]], tail, sideFiles }, 4)).toBe(false);
  expect(
    isExactly(
      {
        ...state,
        runs: [
          [1, 1],
          [0, 1],
        ],
      },
      2,
    ),
  ).toBe(false);
});

test("the table has every reader under its own name", async () => {
  expect(INSTALLED_AGENT_NAMES).toHaveLength(AGENT_NAMES.length - 2);
  for (const name of AGENT_NAMES) {
    const reader = await agentReader(name);
    expect(reader.agent).toBe(name);
    expect(INSTALLED_AGENT_NAMES.includes(name)).toBe(reader.roots({ home: "/h", env: {} }).length > 0);
  }
});

// What was read by another version is only known to be another by this number.
test("where readers make something else of records, the format has another number", async () => {
  const samples: readonly [(typeof AGENT_NAMES)[number], string, string][] = [
    ["claude-code", "some.jsonl", lines(...CLAUDE)],
    ["codex", "some.jsonl", lines(...CODEX)],
    ["pi", "some.jsonl", lines(...fixtures.PI)],
    ["copilot", `${fixtures.COPILOT_SESSION}.jsonl`, lines(...fixtures.COPILOT)],
    ["gemini", "session-x.json", fixtures.GEMINI_DOCUMENT],
    ["gemini", "session-x.jsonl", lines(...fixtures.GEMINI)],
    ["qwen", `${fixtures.QWEN_SESSION}.jsonl`, lines(...fixtures.QWEN)],
    ["goose", "some.jsonl", lines(...fixtures.GOOSE)],
    ["messages", "some.jsonl", lines(...fixtures.OPENCODE)],
  ];
  const made: unknown[] = [];
  for (const [name, file, text] of samples) {
    const store = await openStore();
    const path = write(tempFolder(), file, text);
    await importTranscripts(store, await agentReader(name), [path]);
    for (const { id } of (await store.list()).items) {
      const { metadata, entries, context } = await store.get(id);
      made.push([name, metadata.name, metadata.status, metadata.tags, context["source"]]);
      for (const { entryType, content } of entries) made.push([entryType, content]);
    }
  }
  expect([TRANSCRIPT_FORMAT, sha256(Buffer.from(JSON.stringify(made))).slice(0, 16)]).toEqual([
    2,
    "1899514729ff13f9",
  ]);
});
