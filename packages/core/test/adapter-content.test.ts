import { ContentJoiner, contentEntries, decodeContent, encodeContent } from "@thulp-sessions/core/adapter";
import { MemoryStore } from "@thulp-sessions/core/memory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeEntry, makeSession, uuid } from "./make.ts";

const roundTrip = (value: unknown) => decodeContent(encodeContent(value));

/** Nested so many levels deep. */
function nested(levels: number): unknown {
  let value: unknown = "core";
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { value };
  return value;
}

describe("a content", () => {
  test("is what JSON.stringify makes of a value", () => {
    class Point {
      x = 1;
      #hidden = 2;
      get sum() {
        return this.x + this.#hidden;
      }
    }
    const value = {
      text: "a",
      gone: undefined,
      list: [undefined, () => 1, Symbol("s"), Number.NaN, -0, new Date(0)],
      call() {},
      map: new Map([[1, 2]]),
      point: new Point(),
      boxed: [new String("b"), new Number(3), new Boolean(false)],
      json: { toJSON: (key: string) => `as ${key}` },
      sparse: Object.assign(new Array(3), { 0: 1 }),
      [Symbol("s")]: 1,
    };
    Object.defineProperty(value, "quiet", { value: 1, enumerable: false });
    expect(encodeContent(value)).toEqual(JSON.parse(JSON.stringify(value)));
    expect(JSON.stringify(encodeContent(value))).toBe(JSON.stringify(value));
    expect(encodeContent(undefined)).toBe(null);
    expect(encodeContent(() => 1)).toBe(null);
    expect(encodeContent(JSON.parse('{"__proto__":{"a":1}}'))).toEqual(JSON.parse('{"__proto__":{"a":1}}'));
  });

  test("keeps bytes, those of a Buffer too", () => {
    const bytes = new Uint8Array(20_000).map((_, i) => i % 251);
    expect(roundTrip({ bytes })).toEqual({ bytes });
    expect(encodeContent(Buffer.from("hello"))).toEqual({ "~bytes": "aGVsbG8=" });
    expect(roundTrip(new Uint8Array(0))).toEqual(new Uint8Array(0));
  });

  test("holds what no store takes as a text", () => {
    for (const value of [
      "half \ud83d",
      { "\ude00": 1 },
      nested(101),
      nested(500),
      ["\ud83d", new Uint8Array([1])],
    ]) {
      const content = encodeContent(value) as { "~json": string };
      expect(Object.keys(content)).toEqual(["~json"]);
      expect(content["~json"].isWellFormed()).toBe(true);
      expect(decodeContent(content)).toEqual(value);
    }
    expect(encodeContent(nested(100))).toEqual(nested(100));
  });

  test("tells what looks like ours from what is ours, at any place", () => {
    for (const mark of ["~json", "~bytes", "~parts"]) {
      for (const held of [
        "AAAA",
        "1",
        3,
        null,
        "\ud83d",
        { "~json": "1" },
        nested(99),
        new Uint8Array([1]),
      ]) {
        const value = { [mark]: held };
        expect(roundTrip(value)).toEqual(value);
        expect(roundTrip([value, { value, more: 1 }])).toEqual([value, { value, more: 1 }]);
        expect(roundTrip({ [mark]: value })).toEqual({ [mark]: value });
        expect(roundTrip(["\ud83d", value])).toEqual(["\ud83d", value]);
      }
      expect(encodeContent({ [mark]: 1, other: 2 })).toEqual({ [mark]: 1, other: 2 });
    }
  });

  test("of another program that looks like ours is read as it stands", () => {
    for (const content of [{ "~json": "no json" }, { "~bytes": "*" }, { "~bytes": 1 }, { "~parts": "x" }])
      expect(decodeContent(content)).toEqual(content);
  });

  test("is refused where JSON cannot hold it, without a word of it", () => {
    const cycle: Record<string, unknown> = { secret: "s3cret" };
    cycle["self"] = [cycle];
    const throwing = {
      get secret() {
        throw new Error("s3cret");
      },
    };
    const foreign = {
      get secret() {
        throw new TypeError("The value holds a s3cret");
      },
    };
    for (const value of [cycle, throwing, foreign, { big: 1n }, nested(2500), nested(100_000)]) {
      const error = errorOf(() => encodeContent(value));
      expect(error.constructor).toBe(TypeError);
      expect(error.message).toMatch(/^The value /);
      expect(error.message).not.toContain("s3cret");
      expect(error.cause).toBe(undefined);
    }
    const shared = { a: 1 };
    expect(encodeContent([shared, shared])).toEqual([shared, shared]);
  });

  test("is read once", () => {
    let reads = 0;
    const value = {
      get a() {
        return ++reads;
      },
    };
    expect(encodeContent(value)).toEqual({ a: 1 });
  });

  test("of any value fits the store, and comes back", async () => {
    const store = new MemoryStore();
    await store.create(makeSession());
    const key = fc.oneof(
      fc.constantFrom("~json", "~bytes", "~parts", "a"),
      fc.string({ unit: "binary" }),
      fc.constant("\udc00"),
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, "\ud800", "text", ""),
        fc.string(),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
        fc.uint8Array(),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(key, tie("value"), { maxKeys: 2 }),
      ),
    }));
    let n = 0;
    await fc.assert(
      fc.asyncProperty(value, async (given) => {
        const entry = makeEntry(n++, encodeContent(given));
        await store.append(uuid(1), [entry], { at: 1 });
        const { items } = await store.readEntries(uuid(1), { last: 1 });
        expect(decodeContent(items[0]?.content ?? null)).toEqual(given);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a content of any size", () => {
  const { content: _, ...envelope } = makeEntry(1);

  test("is one entry while it fits", () => {
    expect(contentEntries(envelope, { text: "a" })).toEqual([{ ...envelope, content: { text: "a" } }]);
    const large = { text: "x".repeat(8 * 1024 * 1024 - 100) };
    expect(contentEntries(envelope, large)).toEqual([{ ...envelope, content: large }]);
  });

  test("is stored in parts beyond that, which no pair of surrogates is cut by", async () => {
    const store = new MemoryStore();
    await store.create(makeSession());
    const text = `${"x".repeat(4 * 1024 * 1024 - 11)}${'😀"\\'.repeat(1_200_000)}`;
    const value = { text, bytes: new Uint8Array([1, 2, 3]) };
    const entries = contentEntries(envelope, value);
    expect(entries.length).toBeGreaterThan(2);
    await store.append(uuid(1), [makeEntry(0), ...entries, makeEntry(2)], { at: 1 });
    const joiner = new ContentJoiner();
    const joined = [];
    for (const entry of (await store.get(uuid(1))).entries) joined.push(joiner.add(entry));
    const found = joined.filter((each) => each !== undefined);
    expect(found.map(({ entry, entryCount }) => [entry.id, entryCount])).toEqual([
      [uuid(0xe0000), 1],
      [envelope.id, entries.length],
      [uuid(0xe0002), 1],
    ]);
    expect(decodeContent(found[1]?.content ?? null)).toEqual(value);
    expect(joiner.incomplete).toEqual([]);
  });

  test("is named where parts are missing, and whole when they come later", () => {
    const stored = contentEntries(envelope, "y".repeat(9_000_000)).map((entry, seq) => ({ ...entry, seq }));
    const joiner = new ContentJoiner();
    for (const entry of stored.slice(0, -1)) expect(joiner.add(entry)).toBe(undefined);
    expect(joiner.incomplete).toEqual([stored[0]]);
    expect(joiner.add({ ...makeEntry(7), seq: 9 })?.entry.id).toBe(makeEntry(7).id);
    expect(joiner.add(stored.at(-1) as (typeof stored)[0])?.content).toBe("y".repeat(9_000_000));
    expect(joiner.incomplete).toEqual([]);
  });
});

function errorOf(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("The call did not fail.");
}
