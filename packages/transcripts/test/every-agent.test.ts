import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { SessionStore } from "@thulp-sessions/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { AGENT_NAMES, agentReader } from "../src/agent-table.ts";
import {
  exportMembers,
  type FileReport,
  followTranscripts,
  type ImportOptions,
  importTranscripts,
  isComplete,
} from "../src/index.ts";
import { AGENT_CASES, type AgentCase, type Piece } from "./agent-cases.ts";
import { openStore, STORES, tempFolder } from "./places.ts";
import { entriesOf, exported } from "./round-trip.ts";

/** Imports all that lies below a root, and checks that the report accounts for everything. */
async function take({ reader }: AgentCase, store: SessionStore, root: string, options: ImportOptions = {}) {
  const reports = await importTranscripts(store, reader, [root], options);
  expect(reports.map(({ result, reason }) => `${result} ${reason ?? ""}`)).toHaveLength(1);
  const [report] = reports as [FileReport];
  const { total, ...parts } = report.bytes;
  expect(Object.values(parts).reduce((sum, part) => sum + part)).toBe(total);
  expect([report.refused, report.result === "failed" ? report.reason : undefined]).toEqual([[], undefined]);
  return report as FileReport & { readonly sessionId: string };
}

async function idsIn(store: SessionStore, id: string): Promise<readonly string[]> {
  return (await entriesOf(store, id)).map((entry) => entry.id);
}

/** Does the session give back what was written? */
async function expectBack(each: AgentCase, store: SessionStore, id: string, pieces: readonly Piece[]) {
  const { bytes, exact } = await exported(store, id);
  expect(exact).toBe(true);
  if (each.text) expect(bytes.toString()).toBe(each.text(pieces));
  const members = new Map<string, string>();
  for await (const member of exportMembers(store, id))
    await member.write(async (some) => void members.set(member.path, Buffer.from(some).toString()));
  if (members.size === 0) return;
  const files = pieces.map((piece) => piece as { file: string; value: object });
  expect(Object.fromEntries(members)).toEqual(
    Object.fromEntries(files.map(({ file, value }) => [file, JSON.stringify(value)])),
  );
}

test("every reader has a case", async () => {
  const tried = new Set(AGENT_CASES.map(({ reader }) => reader.agent));
  for (const name of AGENT_NAMES) expect(tried).toContain((await agentReader(name)).agent);
});

describe.each(AGENT_CASES)("$name", (each) => {
  const { pieces } = each;
  const middle = Math.floor(pieces.length / 2);
  const root = () => tempFolder();

  test.each(Object.keys(STORES))(
    "comes back from %s, and again, also from another place, adds nothing",
    async (kind) => {
      const store = await openStore(kind);
      const [here, there] = [root(), join(root(), "elsewhere")];
      each.write(here, pieces);
      const { sessionId, result } = await take(each, store, here);
      expect(result).toBe("new");
      await expectBack(each, store, sessionId, pieces);
      each.write(there, pieces);
      for (const place of [here, there]) {
        const again = await take(each, store, place);
        expect(again).toMatchObject({ result: "unchanged", sessionId, entries: { added: 0 } });
      }
      expect(await store.count()).toBe(1);
    },
  );

  test("imported with each piece that is added, it has the entries of the whole", async () => {
    const [bit, whole] = [await openStore(), await openStore()];
    const place = root();
    for (let count = 1; count <= pieces.length; count++) {
      each.write(place, pieces.slice(0, count));
      const { sessionId } = await take(each, bit, place);
      await expectBack(each, bit, sessionId, pieces.slice(0, count));
    }
    const { sessionId } = await take(each, whole, place);
    const wanted = (await idsIn(whole, sessionId)).toSorted();
    expect(await idsIn(bit, sessionId)).toEqual(expect.arrayContaining([...wanted]));
    // What stands around a list is another thing each time.
    if (!each.path.endsWith(".json")) expect((await idsIn(bit, sessionId)).toSorted()).toEqual(wanted);
  });

  test.each<[string, (some: readonly Piece[]) => readonly Piece[]]>([
    ["removed", (some) => some.toSpliced(middle, 1)],
    ["changed", (some) => some.with(middle, each.changed(some[middle] as Piece))],
    ["moved", (some) => [...some.toSpliced(middle, 1), some[middle] as Piece]],
    ["cut off behind the middle", (some) => some.slice(0, middle + 1)],
  ])("a piece that is %s takes nothing away, and conflicts with nothing", async (_, change) => {
    const store = await openStore();
    const place = root();
    each.write(place, pieces);
    const { sessionId } = await take(each, store, place);
    const before = await idsIn(store, sessionId);
    each.write(place, change(pieces));
    await take(each, store, place);
    expect((await idsIn(store, sessionId)).slice(0, before.length)).toEqual(before);
    await expectBack(each, store, sessionId, change(pieces));
    // And back again.
    each.write(place, pieces);
    await take(each, store, place);
    await expectBack(each, store, sessionId, pieces);
    const all = await idsIn(store, sessionId);
    expect(new Set(all).size).toBe(all.length);
  });

  test.each(["append", "update"] as const)(
    "an import that dies before its %s goes on where it was",
    async (call) => {
      const store = await openStore();
      const place = root();
      each.write(place, pieces.slice(0, middle));
      await importTranscripts(store, each.reader, [place]);
      each.write(place, pieces);
      let isDead = false;
      const dying = new Proxy(store, {
        get(target, name) {
          const value = Reflect.get(target, name) as unknown;
          if (typeof value !== "function") return value;
          return (...args: unknown[]) => {
            isDead ||= name === call;
            if (isDead) throw Object.assign(new Error("gone"), { code: "ECONNRESET" });
            return value.apply(target, args);
          };
        },
      });
      const [report] = await importTranscripts(dying, each.reader, [place]);
      expect([isDead, report?.result]).toEqual([true, "failed"]);
      const { sessionId } = await take(each, store, place);
      await expectBack(each, store, sessionId, pieces);
      const fresh = await openStore();
      const atOnce = await take(each, fresh, place);
      const ids = await idsIn(store, sessionId);
      expect(ids).toEqual(expect.arrayContaining([...(await idsIn(fresh, atOnce.sessionId))]));
      expect(new Set(ids).size).toBe(ids.length);
    },
  );

  // What a form of history cannot have is no test that is skipped.
  if (each.unknown !== undefined)
    test("a kind that nobody knows is kept and counted, and no failure", async () => {
      const store = await openStore();
      const place = root();
      each.write(place, pieces);
      const before = await take(each, store, place);
      const all = [...pieces, each.unknown as Piece];
      each.write(place, all);
      const report = await take(each, store, place);
      const [, count] =
        Object.entries(report.unknownKinds).find(([kind]) => !(kind in before.unknownKinds)) ?? [];
      expect(count).toBe(1);
      expect(isComplete(report)).toBe(true);
      await expectBack(each, store, report.sessionId, all);
    });

  if (each.text)
    test("cut anywhere and then whole, it gives the entries of the whole", async () => {
      const whole = Buffer.from(each.text?.(pieces) ?? "");
      const place = root();
      const path = join(place, each.path);
      each.write(place, pieces);
      const atOnce = await openStore();
      const { sessionId } = await take(each, atOnce, place);
      const wanted = (await idsIn(atOnce, sessionId)).toSorted();
      // Each byte of some histories is tried in bytes.test.ts; a prime step meets all kinds of places.
      for (let cut = 1; cut < whole.length; cut += 61) {
        const store = await openStore();
        writeFileSync(path, whole.subarray(0, cut));
        const first = await take(each, store, place);
        expect((await exported(store, first.sessionId)).bytes.equals(whole.subarray(0, cut))).toBe(true);
        writeFileSync(path, whole);
        await take(each, store, place);
        const ids = await idsIn(store, sessionId);
        expect((await exported(store, sessionId)).bytes.equals(whole)).toBe(true);
        // A torn text block is one of its own.
        if (each.reader.agent === "aider") expect(ids).toEqual(expect.arrayContaining([...wanted]));
        else if (first.sessionId === sessionId) expect(ids.toSorted()).toEqual(wanted);
      }
    });

  if (each.isLines)
    test("with line ends of Windows and a byte order mark it is the same session", async () => {
      const text = `\ufeff${each.text?.(pieces).replaceAll("\n", "\r\n")}`;
      const [store, plain] = [await openStore(), await openStore()];
      const place = root();
      each.write(place, pieces);
      const wanted = await take(each, plain, place);
      writeFileSync(join(place, each.path), text);
      const { sessionId } = await take(each, store, place);
      expect(sessionId).toBe(wanted.sessionId);
      expect((await exported(store, sessionId)).bytes.toString()).toBe(text);
      expect(await idsIn(store, sessionId)).toEqual(await idsIn(plain, sessionId));
    });

  test.skipIf(process.platform === "win32")(
    "a pipe and a link to nothing are told of, and the rest imported",
    async () => {
      const store = await openStore();
      const place = root();
      each.write(place, pieces);
      const named = (folder: string) =>
        join(place, dirname(each.path), folder, each.path.replace(/^.*\//, ""));
      for (const folder of ["pipe", "link"]) mkdirSync(dirname(named(folder)), { recursive: true });
      const others = [named("pipe"), named("link")].filter(
        (path) => each.reader.recognize(path.slice(place.length + 1)) !== null,
      );
      for (const [i, path] of others.entries())
        if (i === 0) execFileSync("mkfifo", [path]);
        else symlinkSync("/nowhere/at/all", path);
      const reports = await importTranscripts(store, each.reader, [place]);
      expect(reports.filter(({ result }) => result === "new")).toHaveLength(1);
      const failed = reports.filter(({ result }) => result === "failed").map(({ path }) => path);
      // Where only some folders are looked at, they lie where nothing is looked for.
      for (const path of failed) expect(others).toContain(path);
      expect(await store.count()).toBe(1);
    },
  );

  test("followed: new folders, growth, a file put in its place, and one that was cut", async () => {
    const store = await openStore();
    const place = root();
    mkdirSync(place, { recursive: true });
    const stop = new AbortController();
    const wake = () => {};
    const running = followTranscripts(store, [{ reader: each.reader, paths: [place] }], {
      signal: stop.signal,
      pollMs: 10,
      lookMs: 20,
      onReports: () => wake(),
    });
    onTestFinished(async () => {
      stop.abort();
      await running.catch(() => {});
    });
    /** Until the session gives back what is written now. */
    const until = async (wanted: readonly Piece[]) => {
      await expect
        .poll(
          async () => {
            const { items } = await store.list();
            if (items.length !== 1) return `${items.length} sessions`;
            return expectBack(each, store, items[0]?.id as string, wanted).then(
              () => "as written",
              (error: Error) => error.message,
            );
          },
          { interval: 15, timeout: 10_000 },
        )
        .toBe("as written");
      wake();
    };
    const states = [pieces.slice(0, middle), pieces, pieces.slice(0, middle + 1)];
    for (const state of states) {
      await put(each, place, state);
      await until(state);
    }
  });
});

/** Writes a history beside the place, and puts it there in one step, as quiet as an hour ago. */
async function put(each: AgentCase, place: string, pieces: readonly Piece[]): Promise<void> {
  const aside = tempFolder();
  each.write(aside, pieces);
  const anHourAgo = Date.now() / 1000 - 3600;
  for (const name of readdirSync(aside, { recursive: true, encoding: "utf8" }))
    utimesSync(join(aside, name), anHourAgo, anHourAgo);
  const [top] = each.path.split("/") as [string];
  rmSync(join(place, top), { recursive: true, force: true });
  renameSync(join(aside, top), join(place, top));
}

test("what was written is what is read: the cases are no empty files", () => {
  for (const each of AGENT_CASES) {
    const place = tempFolder();
    each.write(place, each.pieces);
    expect(readFileSync(join(place, each.path)).length).toBeGreaterThan(20);
  }
});
