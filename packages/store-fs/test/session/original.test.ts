import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  duration,
  isSessionError,
  type SessionErrorCode,
  type StoreWarning,
  userMessage,
} from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { ByteWindow, bufferSource } from "../../src/format/byte-window.ts";
import { FileWalker } from "../../src/format/file-walker.ts";
import { type DecodedEntry, decodeEntry } from "../../src/format/serde/codec.ts";
import {
  acceptedFiles,
  bytesOf,
  type CorpusFile,
  copyFileNamesInto,
  copyInto,
  idOf,
  rejectedFiles,
  type Summary,
} from "../corpus.ts";
import { temporaryFolder } from "../temporary-folder.ts";

async function open(files: readonly CorpusFile[], folder = temporaryFolder()) {
  copyInto(folder, files);
  const warnings: StoreWarning[] = [];
  const store = await openFileStore({ dir: folder, onWarning: (warning) => warnings.push(warning) });
  onTestFinished(() => store.close());
  return { store, folder, warnings };
}

/** Numbers for us that stand in the manifest as strings, since JavaScript cannot hold them. */
function isBeyondJavaScript({ case: name, summary }: CorpusFile): boolean {
  const numbers = [summary?.created_at, summary?.updated_at, ...Object.values(summary?.session_type ?? {})];
  return (
    name === "timestamp-u64-max" ||
    numbers.some((value) => typeof value === "string" && /^\d{16,}$/.test(value))
  );
}

function snakeCased(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      item,
    ]),
  );
}

describe("files that the original accepts", () => {
  const readable = acceptedFiles.filter((file) => !isBeyondJavaScript(file));

  test("are most of the corpus", () => {
    expect(readable.length).toBeGreaterThan(110);
    expect(acceptedFiles.length - readable.length).toBeLessThan(10);
  });

  for (const file of readable) {
    test(`${idOf(file)} ${file.what} loads with the original's summary`, async () => {
      const { store, warnings } = await open([file]);
      const session = await store.get(idOf(file));
      const head = await store.head(idOf(file));
      const { metadata } = session;
      const summary = file.summary as Summary;
      expect({
        // Where the file says another id, the name counts.
        id: file.case === "id-other" ? summary.id : metadata.id,
        name: metadata.name,
        session_type: snakeCased(metadata.sessionType),
        created_at: metadata.createdAt,
        updated_at: metadata.updatedAt,
        status: metadata.status,
        tags: metadata.tags,
        parent_session: metadata.parentSession,
        entry_count: session.entries.length,
        turn_count: head.turnCount,
        user_message_count: head.userMessageCount,
        assistant_message_count: head.assistantMessageCount,
        duration_ms: duration(session),
        context_keys: Object.keys(session.context).sort(byCodePoint),
      }).toEqual({ ...summary, context_keys: [...summary.context_keys].sort(byCodePoint) });
      expect(head.entryCount).toBe(session.entries.length);
      expect(session.entries.map(({ content }) => content)).toEqual(contentsIn(bytesOf(file)));
      expect((await store.list()).items).toEqual([metadata]);
      expect(warnings).toEqual([]);
    });
  }

  for (const file of acceptedFiles.filter(isBeyondJavaScript)) {
    test(`${idOf(file)} ${file.what} is unsupported and stays as it is`, async () => {
      const { store, folder } = await open([file]);
      await expectRefused(store.get(idOf(file)), "unsupported");
      await expectRefused(store.append(idOf(file), [], { at: 1 }), "unsupported");
      expect(readFileSync(join(folder, `${idOf(file)}.json`))).toEqual(bytesOf(file));
    });
  }

  test("keep their entries byte for byte when metadata is changed and entries are appended", async () => {
    const { store, folder } = await open(readable);
    for (const file of readable) {
      const id = idOf(file);
      const before = await store.get(id);
      await store.update(id, { status: "paused", setContext: { added: 1 } }, { at: 1 });
      const entryId = "99999999-0000-4000-8000-000000000001";
      const entry = { id: entryId, timestamp: 1, ...userMessage("appended") };
      await store.append(id, [entry] as never, { at: 1 });
      const bytes = readFileSync(join(folder, `${id}.json`));
      expect(entryTexts(bytes).slice(0, -1), id).toEqual(entryTexts(bytesOf(file)));
      const { entries } = await store.get(id);
      expect(entries.slice(0, -1)).toEqual(before.entries);
      expect(entries.at(-1)?.content).toEqual({ text: "appended" });
    }
  });
});

describe("files that the original refuses", () => {
  for (const file of rejectedFiles) {
    test(`${idOf(file)} ${file.what} is refused and stays as it is`, async () => {
      const { store, folder, warnings } = await open([file]);
      const id = idOf(file);
      await expectRefused(store.get(id), "corrupt");
      await expectRefused(store.head(id), "corrupt");
      const { items } = await store.list();
      expect(await store.count()).toBe(items.length);
      expect(warnings.length).toBe(items.length === 0 ? 1 : 0);
      await expectRefused(store.update(id, { status: "paused" }, { at: 1 }), "corrupt");
      await expectRefused(store.truncate(id, 0, { at: 1 }), "corrupt");
      await expectRefused(store.append(id, [], { at: 1 }), "corrupt");
      expect(readFileSync(join(folder, `${id}.json`))).toEqual(bytesOf(file));
      expect(readdirSync(folder).filter((name) => name !== ".locks")).toEqual([`${id}.json`]);
    });
  }

  test("are warned of once, not at every list", async () => {
    const { store, warnings } = await open(rejectedFiles);
    const { items } = await store.list({ limit: 1000 });
    await store.list();
    await store.count();
    expect(items.length + warnings.length).toBe(rejectedFiles.length);
    expect(warnings.length).toBeGreaterThan(50);
    for (const warning of warnings) expect(warning.message).toMatch(/at byte \d+ of /);
  });

  test("can be removed by an explicit call", async () => {
    const [file] = rejectedFiles;
    const { store, folder } = await open([file as CorpusFile]);
    expect(await store.delete(idOf(file as CorpusFile))).toBe(true);
    expect(existsSync(join(folder, `${idOf(file as CorpusFile)}.json`))).toBe(false);
  });
});

test("only files named {uuid}.json are sessions", async () => {
  const folder = temporaryFolder();
  copyFileNamesInto(folder);
  const before = readdirSync(folder);
  const { store, warnings } = await open([], folder);
  expect((await store.list()).items).toEqual([]);
  // The one whose name is an id in capitals is worth a word.
  expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining("lower case")]);
  expect(readdirSync(folder)).toEqual(before);
});

test("a workspace keeps its sessions where the original does", async () => {
  const workspace = temporaryFolder();
  const [file] = acceptedFiles;
  const folder = join(workspace, ".thulp", "sessions");
  mkdirSync(folder, { recursive: true });
  copyInto(folder, [file as CorpusFile]);
  const store = await openFileStore({ workspace });
  onTestFinished(() => store.close());
  expect((await store.list()).items.map(({ id }) => id)).toEqual([idOf(file as CorpusFile)]);
});

async function expectRefused(call: Promise<unknown>, code: SessionErrorCode): Promise<void> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(isSessionError(error, code), `${error}`).toBe(true);
  expect((error as { details: object }).details).toMatchObject({
    path: expect.any(String),
    offset: expect.any(Number),
  });
}

function entryTexts(bytes: Buffer): string[] {
  const texts: string[] = [];
  const window = new ByteWindow(bufferSource(bytes), bytes.length);
  const onEntry = ({ start, end }: DecodedEntry) => texts.push(bytes.toString("utf8", start, end));
  new FileWalker(window, { readEntry: decodeEntry, onEntry }).run();
  return texts;
}

/** As plain JSON.parse gives them; structs may be written as arrays. */
function contentsIn(bytes: Buffer): unknown[] {
  const session = JSON.parse(bytes.toString("utf8"));
  const entries: ({ content: unknown } | unknown[])[] = Array.isArray(session) ? session[1] : session.entries;
  return entries.map((entry) => (Array.isArray(entry) ? entry[3] : entry.content));
}

function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
