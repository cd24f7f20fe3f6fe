import { describe, expect, it } from "vitest";
import { hasManyKeys, MAX_KEYS } from "../src/http/many-keys.ts";
import { CHAT, ID, send, serve } from "./harness.ts";

function members(count: number, value = "1"): string {
  return Array.from({ length: count }, (_, i) => `"k${i}":${value}`).join(",");
}

const json = (text: string) => Buffer.from(text);

describe("an object with very many keys", () => {
  it("is found wherever it stands", () => {
    for (const text of [
      `{${members(MAX_KEYS + 1)}}`,
      `{"a":[1,{"b":{${members(MAX_KEYS + 1)}}}]}`,
      `[{${members(10)}},{${members(MAX_KEYS + 1)}}]`,
      `{"a":{"x":1},${members(MAX_KEYS)}}`,
    ])
      expect(hasManyKeys(json(text))).toBe(true);
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
      `${"[".repeat(600_000)}`,
      `${"}".repeat(600_000)}{"a":1}`,
      `"${"a".repeat(600_000)}`,
    ])
      expect(hasManyKeys(json(body))).toBe(false);
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
  });
});
