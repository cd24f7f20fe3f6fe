import { describe, expect, test } from "vitest";
import { int4Array, int8Array, textArray, uuidArray } from "../src/connection/binary-array.ts";
import { send } from "../src/connection/connection.ts";
import { Database } from "../src/connection/database.ts";
import { failureOf } from "../src/connection/postgres-errors.ts";
import { parsePostgresUrl } from "../src/connection/postgres-url.ts";
import { decodeText, encodeText } from "../src/tables/text-code.ts";
import { MISSING } from "./place.ts";
import { testPlace } from "./test-place.ts";

const options = { durability: "relaxed", retryForMs: 0, warn: () => {} } as const;

describe.skipIf(MISSING !== null)("a connection", () => {
  test("is given up when no answer comes", async () => {
    const database = new Database(parsePostgresUrl(testPlace().url()), options);
    const client = await database.connect();
    const sending = { ...database.sending, answerWithinMs: 50 };
    const error = await send(client, [{ text: "SELECT pg_sleep(60)" }], sending).catch((reason) => reason);
    expect(failureOf(error)).toBe("lost");
    await database.close();
  });

  test.each([true, false])("answers what was asked, and the first error (pipeline %s)", async (pipeline) => {
    const database = new Database(parsePostgresUrl(testPlace().url()), options);
    const client = await database.connect();
    const sending = { ...database.sending, pipeline };
    const results = await send(
      client,
      [
        { text: "SELECT 1, 2::int8, 'a', true, NULL" },
        { text: "SELECT $1::text", values: ["b"], isHot: true },
      ],
      sending,
    );
    expect(results.map(({ rows }) => rows)).toEqual([[[1, 2, "a", true, null]], [["b"]]]);
    const failing = [
      { text: "BEGIN" },
      { text: "SELECT 1 / 0" },
      { text: "SELECT nothing" },
      { text: "COMMIT" },
    ];
    await expect(send(client, failing, sending)).rejects.toMatchObject({ code: "22012" });
    await client.end();
    await database.close();
  });

  test("arrays arrive as they were given", async () => {
    const database = new Database(parsePostgresUrl(testPlace().url()), options);
    const id = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";
    const numbers = [0, -1, 2 ** 31 - 1];
    const times = [0, Number.MAX_SAFE_INTEGER, -1];
    const texts = ['"', "{}\\,NULL", null, "", "ä😀"];
    const { rows } = await database.run({
      text: `SELECT to_json($1::uuid[]), to_json($2::int4[]), to_json($3::int8[]), to_json($4::text[]),
        cardinality($5::text[]), cardinality($6::uuid[])`,
      values: [
        uuidArray([id, id]),
        int4Array(numbers),
        int8Array(times),
        textArray(texts),
        textArray([]),
        uuidArray([]),
      ],
    });
    const [row = []] = rows;
    expect(row.slice(0, 4).map((text) => JSON.parse(text))).toEqual([[id, id], numbers, times, texts]);
    expect(row.slice(4)).toEqual([0, 0]);
    await database.close();
  });
});

test("texts with U+0000 are stored without it, and keep what they begin with and contain", () => {
  const texts = ["", "a", "\0", "a\0b", "\x01\x02\x03", "\0\0", "\x01", "\x03\0"];
  for (const text of texts) {
    const stored = encodeText(text);
    expect(stored).not.toContain("\0");
    expect(decodeText(stored)).toBe(text);
    for (const other of texts) {
      expect(stored.startsWith(encodeText(other))).toBe(text.startsWith(other));
      expect(stored.includes(encodeText(other))).toBe(text.includes(other));
    }
  }
});
