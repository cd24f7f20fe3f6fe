// The SDK's own functions over our store give what they give over its in-memory store. By
// `npm run test:foreign`: the SDK is under no free licence, and is in no lockfile of ours.
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  type ClaudeEntry,
  type ClaudeSessionKey,
  type ClaudeSessionStore,
  claudeSessionStore,
  type FoldSessionSummary,
} from "@thulp-sessions/claude-agent-sdk";
import { tempFolder } from "@thulp-sessions/testing";
import { LOCAL_KINDS } from "@thulp-sessions/testing-stores";
import { beforeEach, describe, expect, test } from "vitest";

type Options = Readonly<Record<string, unknown>>;

/** As much of the SDK as is called here. */
interface Sdk {
  readonly InMemorySessionStore: new () => ClaudeSessionStore;
  readonly foldSessionSummary: FoldSessionSummary;
  importSessionToStore(id: string, store: ClaudeSessionStore, options: Options): Promise<void>;
  listSessions(options: Options): Promise<Record<string, unknown>[]>;
  getSessionInfo(id: string, options: Options): Promise<Record<string, unknown> | undefined>;
  getSessionMessages(id: string, options: Options): Promise<Record<string, unknown>[]>;
  listSubagents(id: string, options: Options): Promise<string[]>;
  getSubagentMessages(id: string, agentId: string, options: Options): Promise<Record<string, unknown>[]>;
  renameSession(id: string, title: string, options: Options): Promise<void>;
  tagSession(id: string, tag: string | null, options: Options): Promise<void>;
  forkSession(id: string, options: Options): Promise<{ sessionId: string }>;
  deleteSession(id: string, options: Options): Promise<void>;
}

const folder = process.env["THULP_FOREIGN"];
if (folder === undefined) throw new Error("Run this by `npm run test:foreign`, which installs the SDK.");
const path = createRequire(join(folder, "package.json")).resolve("@anthropic-ai/claude-agent-sdk");
const sdk: Sdk = await import(pathToFileURL(path).href);

const SESSION = "6f0e7a52-3a0f-4b1e-9d57-0d8a3a5c1111";
const OTHER = "6f0e7a52-3a0f-4b1e-9d57-0d8a3a5c2222";
let cwd: string;

beforeEach(() => {
  cwd = join(tempFolder(), "project");
  const config = tempFolder();
  process.env["CLAUDE_CONFIG_DIR"] = config;
  mkdirSync(cwd);
  const project = join(config, "projects", cwd.replace(/[^a-zA-Z0-9]/g, "-"));
  mkdirSync(join(project, SESSION, "subagents"), { recursive: true });
  writeFileSync(join(project, `${SESSION}.jsonl`), lines(transcript(SESSION, 40)));
  writeFileSync(join(project, `${OTHER}.jsonl`), lines(transcript(OTHER, 3)));
  const agent = transcript(SESSION, 6).map((each) => ({ ...each, isSidechain: true, agentId: "a1b2c3" }));
  writeFileSync(join(project, SESSION, "subagents", "agent-a1b2c3.jsonl"), lines(agent));
});

describe.each(LOCAL_KINDS)("over $name", (kind) => {
  test.each([true, false])("with summaries: %s", async (withSummaries) => {
    const place = await kind.place();
    const options = withSummaries ? { foldSessionSummary: sdk.foldSessionSummary } : {};
    const ours = claudeSessionStore(await place.open(), options);
    const theirs = new sdk.InMemorySessionStore();
    if (!withSummaries) Object.assign(theirs, { listSessionSummaries: undefined });
    const expected = await everything(theirs);
    const found = await everything(ours);
    expect(found).toEqual(expected);
    // The calls have done something.
    expect(found.messages).toHaveLength(40);
    expect(found.agents).toEqual(["a1b2c3"]);
    const left = found.afterDelete.map(({ sessionId }) => sessionId);
    expect(left.sort()).toEqual([SESSION, "the fork"]);
    await place.dispose();
  });

  test("an import that is done again stores nothing twice", async () => {
    const place = await kind.place();
    const store = await place.open();
    const ours = claudeSessionStore(store);
    await sdk.importSessionToStore(SESSION, ours, { dir: cwd, batchSize: 7 });
    const keys = await keysOf(store);
    const before = await Promise.all(keys.map((key) => ours.load(key)));
    await sdk.importSessionToStore(SESSION, ours, { dir: cwd });
    const after = await Promise.all(keys.map((key) => ours.load(key)));
    expect(keys).toHaveLength(2);
    const withIds = (entries: ClaudeEntry[] | null) => entries?.filter((each) => each.uuid !== undefined);
    expect(after.map(withIds)).toEqual(before.map(withIds));
    await place.dispose();
  });
});

/** What each function gives, one after the other; times and fresh ids apart. */
async function everything(sessionStore: ClaudeSessionStore) {
  const at = { dir: cwd, sessionStore };
  await sdk.importSessionToStore(SESSION, sessionStore, { dir: cwd, batchSize: 7 });
  await sdk.importSessionToStore(OTHER, sessionStore, { dir: cwd });
  const listed = await sdk.listSessions(at);
  const info = await sdk.getSessionInfo(SESSION, at);
  const messages = await sdk.getSessionMessages(SESSION, at);
  const page = await sdk.getSessionMessages(SESSION, { ...at, limit: 5, offset: 10 });
  const agents = await sdk.listSubagents(SESSION, at);
  const ofAgent = await sdk.getSubagentMessages(SESSION, "a1b2c3", at);
  await sdk.renameSession(SESSION, "On zebras", at);
  await sdk.tagSession(SESSION, "animals", at);
  const renamed = await sdk.getSessionInfo(SESSION, at);
  await sdk.tagSession(SESSION, null, at);
  const untagged = await sdk.listSessions(at);
  const { sessionId } = await sdk.forkSession(SESSION, { ...at, title: "A fork" });
  const fork = await sdk.getSessionMessages(sessionId, at);
  const forkInfo = await sdk.getSessionInfo(sessionId, at);
  await sdk.deleteSession(OTHER, at);
  const afterDelete = await sdk.listSessions({ dir: cwd, sessionStore });
  const gone = await sdk.getSessionMessages(OTHER, at).catch(() => "refused");
  const results = {
    listed: sorted(listed),
    info,
    messages,
    page,
    agents,
    ofAgent,
    renamed,
    untagged: sorted(untagged),
    fork: fork.map(({ message, type }) => ({ message, type })),
    forkInfo,
    afterDelete: sorted(afterDelete),
    gone,
  };
  return JSON.parse(JSON.stringify(results, withoutTimes(sessionId))) as typeof results;
}

function withoutTimes(forkId: string) {
  return (key: string, value: unknown) => {
    if (["lastModified", "mtime", "fileSize"].includes(key)) return typeof value;
    return value === forkId ? "the fork" : value;
  };
}

function sorted(sessions: Record<string, unknown>[]): Record<string, unknown>[] {
  const name = (session: Record<string, unknown>) => String(session["firstPrompt"]) + session["summary"];
  return [...sessions].sort((a, b) => (name(a) < name(b) ? -1 : 1));
}

async function keysOf(store: Parameters<typeof claudeSessionStore>[0]): Promise<ClaudeSessionKey[]> {
  const { items } = await store.list({ orderBy: "createdAt", direction: "asc" });
  return items.map(({ tags }) => {
    const [projectKey = "", sessionId = ""] = JSON.parse(/key:(.*)/.exec(tags[1] ?? "")?.[1] ?? "[]");
    const subpath = /subpath:(.*)/.exec(tags[2] ?? "")?.[1];
    return subpath === undefined ? { projectKey, sessionId } : { projectKey, sessionId, subpath };
  });
}

function transcript(sessionId: string, count: number): ClaudeEntry[] {
  const idOf = (i: number) => `${sessionId.slice(0, 24)}${String(sessionId.at(-1)).repeat(6)}${100_000 + i}`;
  return Array.from({ length: count }, (_, i) => {
    const role = i % 2 ? "assistant" : "user";
    const text = `${role} ${i} of ${sessionId}`;
    return {
      type: role,
      uuid: idOf(i),
      parentUuid: i === 0 ? null : idOf(i - 1),
      sessionId,
      timestamp: new Date(Date.UTC(2026, 0, 2, 3, 4, i)).toISOString(),
      cwd,
      gitBranch: "main",
      version: "2.0.0",
      isSidechain: false,
      userType: "external",
      message: { role, content: i % 2 ? [{ type: "text", text }] : text },
    };
  });
}

function lines(entries: readonly object[]): string {
  return entries.map((each) => `${JSON.stringify(each)}\n`).join("");
}
