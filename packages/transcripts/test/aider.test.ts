// Longer than most files: all of an agent whose files are cut in another way than those of the others.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { SessionStore } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { presentRoots } from "../src/agent-table.ts";
import { aider } from "../src/agents/aider.ts";
import { findTranscripts } from "../src/files/find-transcripts.ts";
import { importFound, importTranscripts } from "../src/import/import-transcripts.ts";
import { exportTranscript, type FileReport, KnownFiles } from "../src/index.ts";
import { openTranscriptStore } from "../src/store/open-transcript-store.ts";
import { typeOf } from "./imported.ts";
import { openStore, STORES, tempFolder } from "./places.ts";
import { readSession, spent } from "./read-view.ts";
import { entriesOf, exported, fileWith } from "./round-trip.ts";
import { SAMPLES } from "./sample-files.ts";

const NAME = ".aider.chat.history.md";
const FIRST = `
# aider chat started at 2026-02-03 04:05:06

> /usr/bin/aider --model priced-x  
> Aider v0.86.1  
> Main model: priced-x with diff edit format  

#### /add gear.py  
> Added gear.py to the chat  

#### Grind it  
#### twice  

I grind:

\`\`\`
> not a quote
\`\`\`

Done.

> Tokens: 2.1k sent, 300 cache hit, 410 received.
Cost: $0.02 message, $0.05 session.  
> Applied edit to gear.py  
> Commit 1a2b3c4 feat: grind  

#### /exit  
`;
const SECOND = `
# aider chat started at 2026-02-03 09:00:00

#### Polish it  

Shiny.

`;

/** In the time of this machine, as the file means it. */
const at = (hour: number, minute = 0, second = 0) => new Date(2026, 1, 3, hour, minute, second).getTime();

async function importAll(store: SessionStore, path: string): Promise<readonly FileReport[]> {
  const reports = await importTranscripts(store, aider, [path]);
  for (const { bytes, refused, result, reason } of reports) {
    const { total, ...parts } = bytes;
    expect(Object.values(parts).reduce((sum, part) => sum + part)).toBe(total);
    expect([refused, result === "failed" ? reason : ""]).toEqual([[], ""]);
  }
  return reports;
}

/** What the sessions of one file give back, in the order of the file. */
async function wholeOf(store: SessionStore, path: string): Promise<Buffer> {
  const { files } = await findTranscripts(aider, path);
  const ids = new Map((await importAll(store, path)).map((report) => [report.path, report.sessionId]));
  const parts: Buffer[] = [];
  for (const { path: part } of files) {
    const back = await exported(store, ids.get(part) as string);
    expect(back.exact).toBe(true);
    parts.push(back.bytes);
  }
  return Buffer.concat(parts);
}

test("each chat of a file is a session: what was said, which folder, when it began", async () => {
  const store = await openStore();
  const path = fileWith(FIRST + SECOND, NAME);
  const reports = await importAll(store, path);
  expect(reports.map(({ name, result }) => [name, result])).toEqual([
    ["Grind it twice", "new"],
    ["Polish it", "new"],
  ]);
  const { metadata, entries, context } = await store.get(reports[0]?.sessionId as string);
  expect(entries.map(typeOf)).toEqual([
    "aider:chat",
    "aider:output",
    "aider:output",
    "aider:output",
    "user_message",
    "aider:output",
    "user_message",
    "assistant_message",
    "aider:output",
    "assistant_message",
    "aider:output",
    "aider:output",
    "aider:output",
    "aider:output",
    "user_message",
  ]);
  expect(metadata).toMatchObject({
    sessionType: { type: "agent", agentName: "aider" },
    createdAt: at(4, 5, 6),
    updatedAt: at(4, 5, 6),
    tags: ["agent:aider", `project:${dirname(path)}`],
    status: "completed",
  });
  expect(context["source"]).toMatchObject({
    nativeId: "2026-02-03 04:05:06",
    path: `${NAME}/2026-02-03-04-05-06.md`,
    versions: ["0.86.1"],
  });
  expect(entries[6]?.content).toEqual({
    source: { agent: "aider", session: "2026-02-03 04:05:06", timeFrom: "neighbour" },
    text: "\n#### Grind it  \n#### twice  \n",
  });
});

test("a chat reads as a conversation, with what it says of tokens, costs and files", async () => {
  const store = await openStore();
  const [report] = await importAll(store, fileWith(FIRST, NAME));
  const { talk, summary } = await readSession(await store.get(report?.sessionId as string));
  expect(talk).toEqual([
    "user: /add gear.py",
    "user: Grind it\ntwice",
    "assistant: I grind:\n\n```",
    "assistant: ```\n\nDone.",
    "aider:output: [Applied edit to gear.py]",
    "aider:output: [Commit 1a2b3c4 feat: grind]",
    "user: /exit",
  ]);
  expect(spent(summary)).toEqual(["priced-x: 1, 1800/300/0/410, $0.02"]);
  expect(summary.files).toEqual(["gear.py"]);
});

describe.each(Object.keys(STORES))("in %s", (kind) => {
  test("a file that grows adds what is new, under any path, and comes back byte for byte", async () => {
    const store = await openStore(kind);
    const path = fileWith(FIRST, NAME);
    const [first] = await importAll(store, path);
    const before = (await entriesOf(store, first?.sessionId as string)).map(({ id }) => id);
    appendFileSync(path, SECOND);
    expect((await wholeOf(store, path)).toString()).toBe(FIRST + SECOND);
    const ids = (await entriesOf(store, first?.sessionId as string)).map(({ id }) => id);
    // The blank line behind it is all that was added.
    expect(ids.slice(0, before.length)).toEqual(before);
    const moved = fileWith(FIRST + SECOND, NAME);
    const again = await importAll(store, moved);
    expect(again.map(({ result, entries }) => [result, entries.added])).toEqual([
      ["unchanged", 0],
      ["unchanged", 0],
    ]);
    expect(await store.count()).toBe(2);
  });
});

test("what was cut off at the top, or changed by hand, leaves the other chats as they were", async () => {
  const store = await openStore();
  const path = fileWith(FIRST + SECOND, NAME);
  await importAll(store, path);
  writeFileSync(path, FIRST.slice(FIRST.indexOf("Done.")) + SECOND);
  const reports = await importAll(store, path);
  expect(reports.map(({ result, path: part }) => [result, part.split("#")[1]])).toEqual([
    ["new", "(before the first chat)"],
    ["unchanged", "2026-02-03 09:00:00"],
  ]);
  writeFileSync(path, FIRST.replace("Done.", "Nearly.") + SECOND);
  const [changed] = await importAll(store, path);
  expect(changed).toMatchObject({ result: "changed", entries: { added: 1 } });
  expect((await exported(store, changed?.sessionId as string)).bytes.toString()).toContain("Nearly.");
  const texts = (await entriesOf(store, changed?.sessionId as string)).map(({ content }) =>
    JSON.stringify(content),
  );
  // What it said before stays.
  expect(texts.filter((text) => text.includes("Done.") || text.includes("Nearly."))).toHaveLength(2);
});

test("while it is written, cut at any byte, it gives the entries of the whole", async () => {
  const short = `${FIRST.slice(0, 60)}  \n${FIRST.slice(FIRST.indexOf("\n#### Grind"), FIRST.indexOf("> not"))}`;
  const whole = Buffer.from(`${short}\n> Tokens: 1 sent\n${SECOND}`);
  const wanted = await openStore();
  await importLive(wanted, fileWith(whole, NAME));
  // A beginning that is torn is a session as well, without entries.
  const idsIn = async (store: SessionStore) => {
    const { items } = await store.list({ orderBy: "createdAt", direction: "asc" });
    const ids = items.map(async ({ id }) => (await entriesOf(store, id)).map((entry) => entry.id));
    return (await Promise.all(ids)).filter((each) => each.length > 0);
  };
  const folder = tempFolder();
  for (let cut = 1; cut < whole.length; cut++) {
    const store = await openStore();
    await importLive(store, fileWith(whole.subarray(0, cut), NAME, folder));
    await importLive(store, fileWith(whole, NAME, folder));
    expect(await idsIn(store), `cut at ${cut}`).toEqual(await idsIn(wanted));
  }
});

/** As it is followed: the last block has not ended yet. */
async function importLive(store: SessionStore, path: string): Promise<void> {
  const { files } = await findTranscripts(aider, path);
  const fresh = files.map((file) => ({ ...file, modifiedAt: Date.now() }));
  const reports = await importFound(store, aider, fresh, { live: true });
  for (const { result } of reports) expect(result).not.toBe("failed");
}

test("cut at the end of any line, what the file says comes back, and nothing is lost when it goes on", async () => {
  const lines = (FIRST + SECOND).split(/(?<=\n)/);
  for (let count = 2; count <= lines.length; count++) {
    const store = await openStore();
    const path = fileWith(lines.slice(0, count).join(""), NAME);
    expect((await wholeOf(store, path)).toString()).toBe(lines.slice(0, count).join(""));
    writeFileSync(path, FIRST + SECOND);
    expect((await wholeOf(store, path)).toString()).toBe(FIRST + SECOND);
    const again = await importAll(store, path);
    expect(again.map(({ result }) => result)).toEqual(["unchanged", "unchanged"]);
  }
});

const part = fc.oneof(
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom(
      ...[
        "\n",
        "\r\n",
        "\n\n",
        "\ufeff",
        "\u2028",
        " ",
        "text\n",
        "text",
        "#### ask\n",
        "#### ask  \r\n",
        "####\n",
      ],
      ...["> said\n", ">\n", "> Tokens: 1k sent\n", "Cost: $1 message, $2 session.\n", "```\n"],
      ...["# aider chat started at 2026-01-01 00:00:00\n", "# aider chat started at 2026-01-01 00:00:00\r\n"],
      ...["# aider chat started at noon\n", "# aider chat started at \n", "# aider chat started", "# a\n"],
    )
    .map((text) => Buffer.from(text)),
);
const content = fc.array(part, { minLength: 1, maxLength: 16 }).map((parts) => Buffer.concat(parts));

test("any bytes come back, and again add nothing", async () => {
  await fc.assert(
    fc.asyncProperty(content, content, async (bytes, more) => {
      const store = await openStore();
      const path = fileWith(bytes, NAME);
      const isBlank = bytes.toString().trim() === "";
      if (isBlank) return;
      expect((await wholeOf(store, path)).equals(bytes)).toBe(true);
      for (const { result } of await importAll(store, path)) expect(result).toBe("unchanged");
      appendFileSync(path, more);
      expect((await wholeOf(store, path)).equals(Buffer.concat([bytes, more]))).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test("a block of megabytes, and a line of more than an entry holds", async () => {
  const store = await openStore();
  const long = `${"many words in a line\n".repeat(120_000)}`;
  const huge = `${"x".repeat(17 * 1024 * 1024)}\n`;
  const path = fileWith(`${FIRST}#### Go on\n${long}\n${huge}> between\n${huge}> end\n`, NAME);
  expect((await wholeOf(store, path)).equals(readFileSync(path))).toBe(true);
  for (const { result } of await importAll(store, path)) expect(result).toBe("unchanged");
});

test("what was typed, and what went to the model, are sessions of events with their times", async () => {
  const store = await openStore();
  const folder = tempFolder();
  const typed = "\n# 2026-02-03 04:05:10.123456\n+Grind it\n+twice\n\n# 2026-02-03 04:06:00.000001\n+/exit\n";
  const sent =
    "TO LLM 2026-02-03T04:05:11\n-------\nUSER Grind it\n\nUSER twice\nLLM RESPONSE 2026-02-03T04:05:12\nASSISTANT I grind:\n";
  fileWith(typed, ".aider.input.history", folder);
  fileWith(sent, ".aider.llm.history", folder);
  const reports = await importAll(store, folder);
  expect(reports.map(({ name }) => name)).toEqual([
    "What was typed in Aider",
    "What Aider sent to the model",
  ]);
  const [first, second] = await Promise.all(reports.map(({ sessionId }) => store.get(sessionId as string)));
  const told = (session: typeof first) =>
    session?.entries.map((entry) => [typeOf(entry), new Date(entry.timestamp).getMinutes()]);
  expect(told(first)).toEqual([
    ["aider:input", 5],
    ["aider:input", 6],
  ]);
  expect(told(second)).toEqual([
    ["aider:to-llm", 5],
    ["aider:llm-response", 5],
  ]);
  expect((await wholeOf(store, join(folder, ".aider.input.history"))).toString()).toBe(typed);
  expect((await wholeOf(store, join(folder, ".aider.llm.history"))).toString()).toBe(sent);
});

test("it is looked for where somebody works and above, at home, and where a variable says", async () => {
  const home = tempFolder();
  const project = join(home, "engine");
  mkdirSync(join(project, "src", "deep"), { recursive: true });
  const place = { home, env: {}, cwd: join(project, "src", "deep") };
  expect(presentRoots(aider, place)).toEqual([]);
  fileWith(FIRST, NAME, project);
  fileWith(SECOND, NAME, join(project, "src", "deep"));
  expect(presentRoots(aider, place).map(({ path }) => path)).toEqual([join(project, "src", "deep"), project]);
  expect(presentRoots(aider, { home, env: {} })).toEqual([]);
  const env = { AIDER_CHAT_HISTORY_FILE: join(project, NAME) };
  const [root] = presentRoots(aider, { home, env });
  expect(root).toEqual({ path: project, folders: [] });
  // Of such a folder nothing is looked at but the files themselves; of one that was named, all that is in it.
  const found = async (path: Parameters<typeof findTranscripts>[1]) =>
    (await findTranscripts(aider, path)).files.map(({ nativeId }) => nativeId);
  expect(await found(root as NonNullable<typeof root>)).toEqual(["2026-02-03 04:05:06"]);
  expect(await found(project)).toEqual(["2026-02-03 04:05:06", "2026-02-03 09:00:00"]);
});

test("only what is of one project can be asked for, by where its file lies", async () => {
  const store = await openStore();
  const folder = tempFolder();
  fileWith(FIRST, NAME, folder);
  const of = async (project: string) =>
    (await importTranscripts(store, aider, [folder], { project })).map(({ result }) => result);
  expect(await of(join(folder, "elsewhere"))).toEqual(["skipped"]);
  expect(await of(folder)).toEqual(["new"]);
});

test("the same second twice in a file, and in two files, are sessions of their own", async () => {
  const store = await openStore();
  const head = "# aider chat started at 2026-02-03 04:05:06\n";
  const folder = tempFolder();
  for (const name of ["a", "b"]) mkdirSync(join(folder, name));
  fileWith(`${head}#### one\n${head}#### two\n`, NAME, join(folder, "a"));
  fileWith(`${head}#### three\n`, NAME, join(folder, "b"));
  await importAll(store, folder);
  const names = (await store.list()).items.map(({ name }) => name);
  expect(names.toSorted()).toEqual(["one", "three", "two"]);
  for (const { result } of await importAll(store, folder)) expect(result).toBe("unchanged");
});

test("chats that are known are not read again, and what was exported as files is the same again", async () => {
  const store = await openStore();
  const path = fileWith(FIRST + SECOND, NAME);
  const known = new KnownFiles();
  let read: string[] = [];
  const take = async () => {
    read = [];
    const { files } = await findTranscripts(aider, path);
    const watched = files.map((file) => ({
      ...file,
      open: () => {
        read.push(file.nativeId);
        return file.open();
      },
    }));
    return (await importFound(store, aider, watched, { known })).map(({ result }) => result);
  };
  // What was written a moment ago may be written again.
  const quiet = (text: string) => {
    writeFileSync(path, text);
    utimesSync(path, 1_785_000_000, 1_785_000_000);
  };
  quiet(FIRST + SECOND);
  expect(await take()).toEqual(["new", "new"]);
  expect([await take(), read]).toEqual([["unchanged", "unchanged"], []]);
  quiet(FIRST + SECOND.replace("Shiny", "Dull"));
  expect(await take()).toEqual(["unchanged", "grown"]);
  expect(new Set(read)).toEqual(new Set(["2026-02-03 09:00:00"]));
  quiet(FIRST + SECOND);
  await take();
  const folder = tempFolder();
  for (const { id } of (await store.list()).items) {
    const parts: Uint8Array[] = [];
    const file = await exportTranscript(store, id, async (bytes) => void parts.push(Buffer.from(bytes)));
    mkdirSync(dirname(join(folder, file.path)), { recursive: true });
    fileWith(Buffer.concat(parts), file.path, folder);
  }
  expect(readdirSync(join(folder, NAME)).toSorted()).toEqual([
    "2026-02-03-04-05-06.md",
    "2026-02-03-09-00-00.md",
  ]);
  const again = await importAll(store, folder);
  expect(again.map(({ result, entries }) => [result, entries.added])).toEqual([
    ["unchanged", 0],
    ["unchanged", 0],
  ]);
});

test("a file that is rewritten while it is read fails, and is taken in the next time", async () => {
  const store = await openStore();
  const path = fileWith(FIRST, NAME);
  const { files } = await findTranscripts(aider, path);
  writeFileSync(path, FIRST.replace("Done.", "Gone."));
  const [report] = await importFound(store, aider, files, {});
  expect(report).toMatchObject({ result: "failed", reason: expect.stringContaining("rewritten") });
  await importAll(store, path);
  expect((await wholeOf(store, path)).toString()).toContain("Gone.");
});

test("as a store it shows what the file says now: a reply that was half written is there once", async () => {
  const folder = tempFolder();
  const path = fileWith(FIRST + SECOND.replace("Shiny.\n\n", "Shi"), NAME, folder);
  const store = await openTranscriptStore({
    sources: [{ reader: aider, paths: [folder] }],
    inner: new MemoryStore(),
    pollMs: 10,
    lookMs: 20,
  });
  onTestFinished(() => store.close());
  const textsOf = async () => {
    const session = (await store.list()).items.find(({ name }) => name === "Polish it");
    if (!session) return [];
    return (await entriesOf(store, session.id)).map(({ content: said }) => (said as { text?: string }).text);
  };
  expect(await store.count()).toBe(2);
  // For one who watches, it looks again and again.
  const watching = await store.watch();
  const begun = "# aider chat started at 2026-02-03 09:00:00\n";
  for (const reply of ["Shiny\n", "Shiny\nand smooth.\n", "Dull.\n"]) {
    writeFileSync(path, FIRST + SECOND.replace("Shiny.\n\n", reply));
    await expect
      .poll(textsOf, { interval: 15, timeout: 10_000 })
      .toEqual([expect.stringContaining(begun), "\n#### Polish it  \n", `\n${reply}`]);
  }
  writeFileSync(path, FIRST);
  await expect.poll(() => store.count(), { interval: 15, timeout: 10_000 }).toBe(1);
  await watching.return?.();
});

test("a file with nothing but blank lines is no session", async () => {
  const store = await openStore();
  const [report] = await importAll(store, fileWith("\n\n", NAME));
  expect(report).toMatchObject({ result: "skipped", reason: "it is empty" });
  expect(await store.count()).toBe(0);
});

const samples = join(SAMPLES, "aider");
test.skipIf(!existsSync(samples))(`samples in ${samples} come back`, async () => {
  const names = readdirSync(samples).filter((name) => aider.recognize(name) !== null);
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    const store = await openStore();
    const path = join(samples, name);
    expect((await wholeOf(store, path)).equals(readFileSync(path))).toBe(true);
    expect(await store.count()).toBeGreaterThan(0);
  }
});
