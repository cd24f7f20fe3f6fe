import { newUuid, type SessionId } from "@thulp-sessions/core";
import { shardOf } from "@thulp-sessions/core/sharded";
import { expect, test } from "vitest";
import { uuid } from "../make.ts";

test("where a session lies never changes", () => {
  const id = "0190a3c5-7b1e-7c3a-9d4f-000000000001" as SessionId;
  expect([1, 2, 3, 16, 1000].map((of) => shardOf(id, of))).toEqual([0, 1, 1, 13, 861]);
  expect([1, 2, 3, 4, 5, 6, 7, 8].map((n) => shardOf(uuid(n), 16))).toEqual([6, 10, 6, 8, 5, 15, 4, 4]);
});

// Ids that count up, that begin with the same time, and that are derived from names.
test.each([
  ["that count up", (n: number) => uuid(n)],
  ["of UUIDv7", () => newUuid() as SessionId],
])("ids %s are spread evenly", (_, id) => {
  for (const of of [2, 16, 1000]) {
    const counts = new Array<number>(of).fill(0);
    const each = 100;
    for (let n = 0; n < of * each; n++) {
      const shard = shardOf(id(n), of);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    // Of a Poisson distribution with a mean of 100, hardly one in a million is so far from it.
    expect(Math.max(...counts)).toBeLessThan(each + 50 + (of > 100 ? 10 : 0));
    expect(Math.min(...counts)).toBeGreaterThan(each - 50 - (of > 100 ? 10 : 0));
  }
});
