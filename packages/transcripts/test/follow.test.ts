import {
  appendFileSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { SessionError, type SessionStore } from "@thulp-sessions/core";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { claudeCode } from "../src/agents/claude-code.ts";
import { type FileReport, type FollowOptions, followTranscripts } from "../src/index.ts";
import { CLAUDE, SESSION } from "./fixtures.ts";
import { openStore, STORES, tempFolder } from "./places.ts";
import { entriesOf, exported, lines } from "./round-trip.ts";

const [A, B, C] = [2, 3, 6].map((i) => lines(CLAUDE[i] as object)) as [string, string, string];
const OTHER = "11111111-2222-4333-8444-555555555555";

/** Follows a new folder until the test ends; `next` waits for what is told next. */
function follow(store: SessionStore, root: string, more: Partial<FollowOptions> = {}) {
  const stop = new AbortController();
  const told: FileReport[] = [];
  let wake = () => {};
  const running = followTranscripts(store, [{ reader: claudeCode, paths: [root] }], {
    signal: stop.signal,
    pollMs: 20,
    lookMs: 40,
    onReports: (reports) => {
      told.push(...reports);
      wake();
    },
    ...more,
  });
  onTestFinished(async () => {
    stop.abort();
    await running.catch(() => {});
  });
  const next = async (): Promise<FileReport> => {
    for (let report = told.shift(); ; report = told.shift()) {
      if (report) return report;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { next, stop, running, told };
}

function write(root: string, path: string, text: string): string {
  const full = join(root, "projects", path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
  return full;
}

describe.each(Object.keys(STORES))("in %s", (kind) => {
  test("what is written is taken in: lines, new files in new folders, files that were moved or cut", async () => {
    const store = await openStore(kind);
    const root = tempFolder();
    const path = write(root, `p/${SESSION}.jsonl`, A);
    const { next } = follow(store, root);
    expect(await next()).toMatchObject({ result: "new", path, entries: { added: 1 } });

    appendFileSync(path, B);
    expect(await next()).toMatchObject({ result: "grown", entries: { added: 1 } });

    const other = write(root, `q/deep/${OTHER}.jsonl`, A);
    expect(await next()).toMatchObject({ result: "new", path: other });

    const moved = join(root, "projects", `${SESSION}.jsonl`);
    renameSync(path, moved);
    appendFileSync(moved, C);
    expect(await next()).toMatchObject({ result: "grown", path: moved, entries: { added: 1 } });

    truncateSync(moved, A.length);
    appendFileSync(moved, lines({ type: "tag", tag: "x" }));
    expect(await next()).toMatchObject({ result: "changed", entries: { added: 1 } });
    expect((await exported(store, SESSION)).bytes.toString()).toBe(A + lines({ type: "tag", tag: "x" }));
    expect(await entriesOf(store, SESSION)).toHaveLength(4);
  });
});

test("a file that is being written is looked at between the looks at everything", async () => {
  const store = await openStore();
  const root = tempFolder();
  const path = write(root, `p/${SESSION}.jsonl`, A);
  const { next } = follow(store, root, { lookMs: Number.MAX_SAFE_INTEGER });
  expect(await next()).toMatchObject({ result: "new" });
  appendFileSync(path, B);
  expect(await next()).toMatchObject({ result: "grown" });
});

test("a line that has not ended waits, until the file is quiet", async () => {
  const store = await openStore();
  const root = tempFolder();
  const record = A.trimEnd();
  const path = write(root, `p/${SESSION}.jsonl`, B + record);
  const { next } = follow(store, root);
  expect(await next()).toMatchObject({ entries: { added: 1 }, bytes: { tail: record.length } });
  const hourAgo = Date.now() / 1000 - 3600;
  utimesSync(path, hourAgo, hourAgo);
  expect(await next()).toMatchObject({ entries: { added: 1 } });
  expect((await entriesOf(store, SESSION)).map(({ entryType }) => entryType.type)).toEqual([
    "assistant_message",
    "user_message",
  ]);
});

test("a folder that is not there yet is found when it is", async () => {
  const store = await openStore();
  const root = join(tempFolder(), "later");
  const { next } = follow(store, root);
  expect(await next()).toMatchObject({ result: "failed", path: root });
  write(root, `p/${SESSION}.jsonl`, A);
  expect(await next()).toMatchObject({ result: "new" });
});

test.skipIf(process.platform === "win32")(
  "what cannot be read is told of once, and the rest followed",
  async () => {
    const store = await openStore();
    const root = tempFolder();
    const path = write(root, `p/${SESSION}.jsonl`, A);
    symlinkSync("/nowhere", join(root, "projects", "p", `${OTHER}.jsonl`));
    const { next, told } = follow(store, root, { lookMs: 0 });
    const first = [await next(), await next()].map(({ result }) => result);
    expect(first.sort()).toEqual(["failed", "new"]);
    for (const line of [B, C]) {
      appendFileSync(path, line);
      expect(await next()).toMatchObject({ result: "grown" });
    }
    expect(told).toEqual([]);
  },
);

test("a store that is busy is tried again; one that is closed ends it", async () => {
  const store = await openStore();
  const root = tempFolder();
  const path = write(root, `p/${SESSION}.jsonl`, A);
  let failures = 3;
  const busy = new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        if (name === "create" && failures-- > 0) throw new SessionError("busy", "busy");
        return value.apply(target, args);
      };
    },
  });
  const errors: unknown[] = [];
  const { next, running } = follow(busy, root, { onError: (error) => void errors.push(error) });
  expect(await next()).toMatchObject({ result: "new" });
  expect(errors).toHaveLength(3);
  await store.close();
  appendFileSync(path, B);
  await expect(running).rejects.toMatchObject({ code: "closed" });
});

describe("with clocks that stand still until they are moved", () => {
  const NIGHT = 8 * 3600 * 1000;

  async function asleep(text = A, changedAt?: number) {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
    onTestFinished(() => void vi.useRealTimers());
    const store = await openStore();
    const root = tempFolder();
    const path = write(root, `p/${SESSION}.jsonl`, text);
    if (changedAt !== undefined) utimesSync(path, changedAt, changedAt);
    const read = vi.spyOn(claudeCode, "parser");
    onTestFinished(() => read.mockRestore());
    const { next, stop, running } = follow(store, root, { pollMs: 1000, lookMs: 10_000 });
    expect(await next()).toMatchObject({ result: "new" });
    /** The follower sleeps so long, at once. */
    const sleep = async (ms: number) => {
      while (vi.getTimerCount() === 0) await new Promise((resolve) => void setImmediate(resolve));
      vi.advanceTimersByTime(ms);
    };
    return { store, root, path, next, stop, running, sleep, timesRead: () => read.mock.calls.length };
  }

  test("a file that was read is read once more when it is quiet, and not before", async () => {
    const { sleep, next, timesRead } = await asleep(B + A.trimEnd());
    expect(timesRead()).toBe(1);
    await sleep(1000);
    await sleep(0);
    expect(timesRead()).toBe(1);
    await sleep(3000);
    expect(await next()).toMatchObject({ result: "grown", entries: { added: 1 } });
    for (let seconds = 0; seconds < 11; seconds++) await sleep(1000);
    expect(timesRead()).toBe(2);
  });

  test.each([
    ["by a clock of whole seconds is read again: it may have been changed since", 0, A, 2],
    ["by a finer clock was read to its end", 0.123_456, A, 1],
    ["by a finer clock, in the middle of a line, is read again", 0.123_456, B + A.trimEnd(), 2],
  ])("a file that was changed a second before, %s", async (_, fraction, text, times) => {
    const changedAt = Math.floor(Date.now() / 1000) - 1 + fraction;
    const { sleep, timesRead } = await asleep(text, changedAt);
    for (let seconds = 0; seconds < 11; seconds++) await sleep(1000);
    expect(timesRead()).toBe(times);
  });

  test("a line that has not ended is taken when it is quiet, by one that follows anew, too", async () => {
    const changedAt = Math.floor(Date.now() / 1000) - 1 + 0.123_456;
    const { store, root, stop, running, sleep } = await asleep(B + A.trimEnd(), changedAt);
    stop.abort();
    await running;
    const { next } = follow(store, root, { pollMs: 1000, lookMs: 10_000 });
    for (let seconds = 0; seconds < 11; seconds++) await sleep(1000);
    expect(await next()).toMatchObject({ result: "grown", entries: { added: 1 } });
  });

  test("a machine that has slept takes in what was written before it fell asleep, where its timers have jumped", async () => {
    const { store, path, next, sleep } = await asleep();
    appendFileSync(path, B);
    await sleep(NIGHT);
    expect(await next()).toMatchObject({ result: "grown", path, entries: { added: 1 } });
    expect(await entriesOf(store, SESSION)).toHaveLength(2);
  });

  test("a machine that has slept takes in what is written then, where its timers stood still and only the time of day has jumped", async () => {
    const { store, path, next, sleep } = await asleep();
    vi.setSystemTime(Date.now() + NIGHT);
    appendFileSync(path, B);
    utimesSync(path, Date.now() / 1000, Date.now() / 1000);
    for (let seconds = 0; seconds < 11; seconds++) await sleep(1000);
    expect(await next()).toMatchObject({ result: "grown", path, entries: { added: 1 } });
    expect(await entriesOf(store, SESSION)).toHaveLength(2);
  });

  test("a machine that has slept takes in what is written then, where the time of day was set back", async () => {
    const { store, path, next, sleep } = await asleep();
    vi.setSystemTime(Date.now() - NIGHT);
    appendFileSync(path, B);
    for (let seconds = 0; seconds < 11; seconds++) await sleep(1000);
    expect(await next()).toMatchObject({ result: "grown", path, entries: { added: 1 } });
    expect(await entriesOf(store, SESSION)).toHaveLength(2);
  });
});
