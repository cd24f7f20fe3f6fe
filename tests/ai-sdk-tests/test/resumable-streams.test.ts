// Longer than most files: what each of the 16 contracts says, then what a store makes possible beyond them.
//
// The contracts are those of vercel/resumable-stream (MIT), src/__tests__/tests.ts and the watchdog of its
// src/runtime.ts, in our own words: a stream is read by its producer's reader and by followers, in every
// order.
import { createResumableStreamContext, type ResumableStreamContext } from "@thulp-sessions/ai-sdk";
import type { SessionStore } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { LOCAL_KINDS, postgresKind } from "@thulp-sessions/testing-stores";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { Feed, readAll, readSome } from "./feed.ts";

const KINDS = [...LOCAL_KINDS, await postgresKind()];

describe.each(KINDS.filter(({ missing }) => missing === null))("over $name", (kind) => {
  let store: SessionStore;
  let other: SessionStore;
  let dispose: () => Promise<void>;
  let streams: ResumableStreamContext;
  /** On a handle of its own. */
  let elsewhere: ResumableStreamContext;
  let run = 0;

  beforeAll(async () => {
    const place = await kind.place();
    store = await place.open();
    other = await place.open();
    dispose = () => place.dispose();
  });
  afterAll(() => dispose());
  beforeEach(() => {
    const keyPrefix = `run ${run++}`;
    streams = createResumableStreamContext(store, { keyPrefix, waitUntil: () => {} });
    elsewhere = createResumableStreamContext(other, { keyPrefix });
  });

  const never = () => {
    throw new Error("No second stream is made.");
  };

  test("1: a stream that nobody follows is a stream", async () => {
    const feed = new Feed();
    const stream = await streams.resumableStream("s", () => feed.stream);
    feed.give("a\n", "b\n", "c\n").end();
    expect(await readAll(stream)).toBe("a\nb\nc\n");
  });

  test("2, 3: a follower gets all, whichever of the two is read first", async () => {
    for (const order of [0, 1]) {
      const feed = new Feed();
      const id = `s${order}`;
      const readers = [
        await streams.resumableStream(id, () => feed.stream),
        await elsewhere.resumableStream(id, never),
      ];
      feed.give("a\n", "b\n").end();
      if (order === 1) readers.reverse();
      for (const reader of readers) expect(await readAll(reader)).toBe("a\nb\n");
    }
  });

  test("4, 8: followers that join in the middle get all", async () => {
    const feed = new Feed();
    const readers = [await streams.resumableStream("s", () => feed.stream)];
    feed.give("a\n");
    readers.push(await elsewhere.resumableStream("s", never));
    feed.give("b\n");
    readers.push(await streams.resumableStream("s", never));
    feed.end();
    for (const reader of readers) expect(await readAll(reader)).toBe("a\nb\n");
  });

  test("5: what is there can be read before more comes", async () => {
    const feed = new Feed();
    const readers = [await streams.resumableStream("s", () => feed.stream)];
    feed.give("a\n");
    readers.push(await elsewhere.resumableStream("s", never));
    for (const reader of readers) expect(await readSome(reader, 2)).toBe("a\n");
    feed.give("b\n").end();
    for (const reader of readers) expect(await readAll(reader)).toBe("b\n");
  });

  test("6, 7: one reader that is behind holds up no other", async () => {
    for (const first of [0, 1]) {
      const feed = new Feed();
      const id = `s${first}`;
      const readers = [await streams.resumableStream(id, () => feed.stream)];
      feed.give("a\n");
      readers.push(await elsewhere.resumableStream(id, never));
      expect(await readSome(readers[first] ?? null, 2)).toBe("a\n");
      feed.give("b\n").end();
      expect(await readAll(readers[first] ?? null)).toBe("b\n");
      expect(await readAll(readers[1 - first] ?? null)).toBe("a\nb\n");
    }
  });

  test("9: streams of two ids are two", async () => {
    const feeds = [new Feed(), new Feed()];
    const readers = [];
    for (const context of [streams, elsewhere])
      for (const [i, feed] of feeds.entries())
        readers.push(await context.resumableStream(`s${i}`, () => feed.stream));
    feeds[0]?.give("a\n", "b\n").end();
    feeds[1]?.give("other\n").end();
    expect(await Promise.all(readers.map(readAll))).toEqual(["a\nb\n", "other\n", "a\nb\n", "other\n"]);
  });

  test("10, 11, 12: a follower gets what comes after the characters that it skips", async () => {
    for (const [skip, rest] of [
      [2, "b\n"],
      [3, "\n"],
      [4, ""],
      [0, "a\nb\n"],
    ] as const) {
      const feed = new Feed();
      const id = `s${skip}`;
      const stream = await streams.resumableStream(id, () => feed.stream);
      feed.give("a\n", "b\n");
      const follower = await elsewhere.resumableStream(id, never, skip);
      feed.end();
      expect(await readAll(stream)).toBe("a\nb\n");
      expect(await readAll(follower)).toBe(rest);
    }
  });

  test("13, 15: when the producer's reader has seen the end, the stream has ended for everybody", async () => {
    const feed = new Feed();
    const stream = await streams.createNewResumableStream("s", () => feed.stream);
    expect(await elsewhere.hasExistingStream("s")).toBe(true);
    feed.give("a\n").end();
    expect(await readAll(stream)).toBe("a\n");
    for (const context of [streams, elsewhere]) {
      expect(await context.resumableStream("s", never)).toBe(null);
      expect(await context.resumeExistingStream("s")).toBe(null);
      expect(await context.hasExistingStream("s")).toBe("DONE");
    }
  });

  test("14: making and following are two calls as well", async () => {
    expect(await elsewhere.resumeExistingStream("s")).toBe(undefined);
    expect(await elsewhere.hasExistingStream("s")).toBe(null);
    const feed = new Feed();
    const stream = await streams.createNewResumableStream("s", () => feed.stream);
    await expect(elsewhere.createNewResumableStream("s", never)).rejects.toMatchObject({
      code: "already_exists",
    });
    const follower = await elsewhere.resumeExistingStream("s");
    feed.give("a\n").end();
    expect(await readAll(stream)).toBe("a\n");
    expect(await readAll(follower)).toBe("a\n");
  });

  test("16: the producer goes on when its reader leaves, and a follower sees the end", async () => {
    const feed = new Feed();
    const stream = await streams.resumableStream("s", () => feed.stream);
    feed.give("a\n");
    await stream?.cancel();
    const leaving = await elsewhere.resumableStream("s", never);
    expect(await readSome(leaving, 2)).toBe("a\n");
    await leaving?.cancel();
    const follower = await elsewhere.resumableStream("s", never);
    feed.give("b\n").end();
    expect(await readAll(follower)).toBe("a\nb\n");
    expect(await streams.hasExistingStream("s")).toBe("DONE");
  });

  test("any text comes as it was, half characters and long chunks too", async () => {
    const feed = new Feed();
    const stream = await streams.resumableStream("s\ud83d", () => feed.stream);
    const follower = await elsewhere.resumableStream("s\ud83d", never);
    const chunks = ["", "\ud83d", "\ude00", "x".repeat(3_000_000), "\ud83d", "{}", "\u0000"];
    feed.give(...chunks).end();
    expect((await readAll(stream)) === chunks.join("")).toBe(true);
    expect((await readAll(follower)) === chunks.join("")).toBe(true);
  });

  test("an error of the source reaches every reader, after the text before it", async () => {
    const feed = new Feed();
    const stream = await streams.resumableStream("s", () => feed.stream);
    const follower = await elsewhere.resumableStream("s", never);
    feed.give("a\n").fail(new Error("no more tokens"));
    for (const reader of [stream, follower]) {
      expect(await readSome(reader, 2)).toBe("a\n");
      await expect(readAll(reader)).rejects.toThrow("no more tokens");
    }
    expect(await elsewhere.hasExistingStream("s")).toBe("DONE");
    const failing = streams.resumableStream("t", () => {
      throw new Error("no model");
    });
    await expect(failing).rejects.toThrow("no model");
    expect(await elsewhere.hasExistingStream("t")).toBe("DONE");
    const bytes = () => new Blob(["x"]).stream() as unknown as ReadableStream<string>;
    const wrong = await streams.resumableStream("u", bytes);
    await expect(readAll(wrong)).rejects.toThrow(TypeError);
  });

  test("sweeping deletes what has ended, and leaves what is still produced", async () => {
    const [ended, open] = [new Feed(), new Feed()];
    await readAll(await streams.resumableStream("ended", () => ended.give("a").end().stream));
    const stream = await streams.resumableStream("open", () => open.stream);
    expect(await elsewhere.sweep(0)).toBe(0);
    expect(await elsewhere.sweep(Date.now() + 60_000)).toBe(1);
    expect(await streams.hasExistingStream("ended")).toBe(null);
    expect(await streams.hasExistingStream("open")).toBe(true);
    open.end();
    await readAll(stream);
  });
});

describe("a stream whose producer is gone", () => {
  /** Its producer no longer writes. */
  async function abandoned(now: { at: number }) {
    const store = new MemoryStore();
    const clock = () => now.at;
    const feed = new Feed();
    const producer = createResumableStreamContext(store, { clock });
    const append = vi.spyOn(store, "append").mockReturnValue(new Promise(() => {}));
    await producer.createNewResumableStream("s", () => feed.give("lost").stream);
    await vi.waitFor(() => expect(append).toHaveBeenCalled());
    append.mockRestore();
    return { store, streams: createResumableStreamContext(store, { clock, staleAfterMs: 50 }) };
  }

  test("gives what was stored, then says so, and is swept", async () => {
    const now = { at: 1000 };
    const { store, streams } = await abandoned(now);
    const { items } = await store.list();
    const entryType = { type: "system_event", event: "stream:chunk" } as const;
    const id = "0199a5f0-0000-7000-8000-000000000001" as never;
    await store.append(items[0]?.id ?? "", [{ id, timestamp: 1, entryType, content: "stored" }], {
      at: 1000,
    });
    const follower = await streams.resumeExistingStream("s");
    expect(await readSome(follower ?? null, 6)).toBe("stored");
    const rest = readAll(follower);
    now.at += 49;
    expect(await streams.sweep(5000)).toBe(0);
    now.at += 50;
    await expect(rest).rejects.toMatchObject({ name: "StreamGoneError" });
    const late = await streams.resumableStream("s", () => new Feed().stream);
    expect(await readSome(late, 6)).toBe("stored");
    await expect(readAll(late)).rejects.toMatchObject({ name: "StreamGoneError" });
    expect(await streams.sweep(5000)).toBe(1);
    expect(await streams.hasExistingStream("s")).toBe(null);
  });

  test("is told from one whose source is silent", async () => {
    const store = new MemoryStore();
    const streams = createResumableStreamContext(store, { staleAfterMs: 60 });
    const feed = new Feed();
    const stream = await streams.createNewResumableStream("s", () => feed.give("a").stream);
    const follower = (await streams.resumeExistingStream("s")) ?? null;
    expect(await readSome(follower, 1)).toBe("a");
    const beats = await store.watch();
    // Each is one of the producer's signs of life: more than three times as long as it may be silent.
    for (let i = 0; i < 14; i++) await beats.next();
    feed.give("b").end();
    expect(await readAll(follower)).toBe("b");
    expect(await readAll(stream)).toBe("ab");
  });

  test("deleted, rewound or closed under a reader: the reader is told", async () => {
    for (const [how, words] of [
      ["delete", "deleted"],
      ["truncate", "changed"],
      ["close", "closed"],
    ] as const) {
      const store = new MemoryStore();
      const streams = createResumableStreamContext(store);
      const feed = new Feed();
      await streams.createNewResumableStream("s", () => feed.give("a").stream);
      const follower = (await streams.resumeExistingStream("s")) ?? null;
      expect(await readSome(follower, 1)).toBe("a");
      const id = (await store.list()).items[0]?.id ?? "";
      const rest = readAll(follower);
      if (how === "delete") await store.delete(id);
      else if (how === "truncate") await store.truncate(id, 0, { at: 5 });
      else await store.close();
      await expect(rest).rejects.toThrow(words);
    }
  });
});

test("a store that fails takes no text from the producer's reader, and is no silence", async () => {
  const store = new MemoryStore();
  const append = store.append.bind(store);
  const refused = vi.spyOn(store, "append").mockImplementation(append);
  let stored: Promise<unknown> | undefined;
  const waitUntil = (promise: Promise<unknown>) => {
    stored = promise;
  };
  const streams = createResumableStreamContext(store, { waitUntil, flushMs: 0 });
  const feed = new Feed();
  const stream = await streams.createNewResumableStream("s", () => feed.give("a").stream);
  const follower = (await streams.resumeExistingStream("s")) ?? null;
  expect(await readSome(follower, 1)).toBe("a");
  refused.mockRejectedValueOnce(new Error("disk full"));
  feed.give("b").give("c").end();
  expect(await readSome(stream, 3)).toBe("abc");
  await expect(readAll(stream)).rejects.toThrow("disk full");
  await expect(stored).rejects.toThrow("disk full");
  // Neither the text after the gap, nor an end as if it was whole.
  await expect(readAll(follower)).rejects.toThrow("could not be stored");
});

test("numbers that are none are refused", async () => {
  const store = new MemoryStore();
  for (const options of [{ flushMs: -1 }, { flushBytes: 0 }, { staleAfterMs: Number.NaN }])
    expect(() => createResumableStreamContext(store, options)).toThrow(TypeError);
  const streams = createResumableStreamContext(store);
  await expect(streams.resumeExistingStream("s", -1)).rejects.toThrow(TypeError);
  await expect(streams.resumableStream("s", () => new Feed().stream, Number.NaN)).rejects.toThrow(TypeError);
  expect(await store.count()).toBe(0);
});

test("a follower is not behind by more than the text that is gathered; how far is printed", async () => {
  const place = await LOCAL_KINDS[1]?.place();
  const store = await place?.open();
  if (place === undefined || store === undefined) throw new Error("There is no SQLite.");
  onTestFinished(() => place.dispose());
  const streams = createResumableStreamContext(store);
  const feed = new Feed();
  await streams.createNewResumableStream("s", () => feed.stream);
  const follower = (await streams.resumeExistingStream("s")) ?? null;
  const lags: number[] = [];
  for (let i = 0; i < 60; i++) {
    const begun = performance.now();
    feed.give("x");
    expect(await readSome(follower, 1)).toBe("x");
    lags.push(performance.now() - begun);
  }
  feed.end();
  await readAll(follower);
  lags.sort((a, b) => a - b);
  console.log(
    `a follower's lag: ${lags[30]?.toFixed(1)} ms in the median, ${lags[57]?.toFixed(1)} ms at p95`,
  );
});
