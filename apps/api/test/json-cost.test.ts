import { describe, expect, it } from "vitest";
import { MAX_KEYS, MAX_VALUES, whyCostly } from "../src/http/json-cost.ts";
import { CHAT, ID, send, serve } from "./harness.ts";

function members(count: number, value = "1"): string {
  return Array.from({ length: count }, (_, i) => `"k${i}":${value}`).join(",");
}

const json = (text: string) => Buffer.from(text);

describe("JSON that costs more than its size: an object with very many keys", () => {
  it("is found wherever it stands", () => {
    for (const text of [
      `{${members(MAX_KEYS + 1)}}`,
      `{"a":[1,{"b":{${members(MAX_KEYS + 1)}}}]}`,
      `[{${members(10)}},{${members(MAX_KEYS + 1)}}]`,
      `{"a":{"x":1},${members(MAX_KEYS)}}`,
    ])
      expect(whyCostly(json(text))).toBe("keys");
  });

  it("is none where the keys are those of several, or stand in strings", () => {
    const few = members(60_000);
    const text = ':{"\\\\'.repeat(200_000);
    for (const body of [
      `{${members(MAX_KEYS)}}`,
      `[{${few}},{${few}},{${few}}]`,
      `{"a":{${few}},${members(60_000)}}`,
      JSON.stringify({ content: text, 'k":{"': text }),
      `{"a":"${'\\":'.repeat(300_000)}"}`,
      `${"[".repeat(MAX_VALUES / 4)}`,
      `${"}".repeat(600_000)}{"a":1}`,
      `"${"a".repeat(600_000)}`,
    ])
      expect(whyCostly(json(body))).toBe(null);
  });

  it("is counted apart from the values of all objects and arrays", () => {
    const large = Buffer.alloc(MAX_VALUES / 4);
    const cases: [string, "values" | null][] = [
      [`[${"[],".repeat(MAX_VALUES / 5 - 1)}1]`, null],
      [`[${"[],".repeat(MAX_VALUES / 5)}1]`, "values"],
      [`[${"1,".repeat(MAX_VALUES - 4)}1]`, null],
      [`[${"1,".repeat(MAX_VALUES - 3)}1]`, "values"],
      [`{"a":"${"[{,".repeat(MAX_VALUES)}"}`, null],
      [`${"[".repeat(MAX_VALUES / 4 + 1)}`, "values"],
    ];
    for (const [text, expected] of cases) {
      expect(text.length).toBeGreaterThanOrEqual(large.length);
      expect(whyCostly(json(text))).toBe(expected);
    }
  });

  it("is refused by the server before it is parsed, and the most that may be is taken", async () => {
    const { url, client } = await serve();
    const create = (id: string, keys: number) => {
      const rest = JSON.stringify({ id, name: "a", sessionType: CHAT }).slice(1);
      const body = `{"context":{${members(keys)}},${rest}`;
      return send(`${url}/trpc/sessions.create`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
    };
    const refused = await create(ID, MAX_KEYS + 1);
    expect(refused.status).toBe(400);
    expect(refused.text).toContain("100000 keys");
    expect(await client.sessions.exists.query({ id: ID })).toBe(false);
    expect((await create(ID, MAX_KEYS)).status).toBe(200);
    const body = JSON.stringify({ id: ID, entries: [] }).replace("[]", `[${"[],".repeat(MAX_VALUES / 4)}1]`);
    const headers = { "content-type": "application/json" };
    const tooMany = await send(`${url}/trpc/entries.append`, { method: "POST", headers, body });
    expect(tooMany.status).toBe(400);
    expect(tooMany.text).toContain("2000000 values");
  });
});
