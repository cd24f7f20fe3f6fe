import { MemoryStore } from "@thulp-sessions/core/memory";
import { openShardedStore } from "@thulp-sessions/core/sharded";
import { describe, expect, test } from "vitest";
import { conformanceCases } from "../src/index.ts";

// More than most cases have sessions.
const SHARDS = 7;

describe(`the suite on ${SHARDS} shards of MemoryStore`, () => {
  const shards = () =>
    Array.from({ length: SHARDS }, () => ({ name: "memory:", open: async () => new MemoryStore() }));

  for (const each of conformanceCases) {
    test(`${each.id}: ${each.name}`, () =>
      each.run(async () => ({
        open: () => openShardedStore({ shards: shards() }),
        dispose: async () => {},
      })));
  }
});

test("a shard that does not search: the whole refuses to, and says which it is", async () => {
  class NotSearchable extends MemoryStore {
    override readonly capabilities = {
      ...{ persistent: false, shared: false, exactNumbers: false, writable: true },
      searchable: false,
    };
  }
  const shards = [MemoryStore, NotSearchable, MemoryStore].map((Store, i) => ({
    name: `memory:${i}`,
    open: async () => new Store(),
  }));
  const store = await openShardedStore({ shards, location: "shards:here" });
  expect(store.capabilities.searchable).toBe(false);
  await expect(store.search({ text: "needle", filter: { ids: [] } })).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringMatching(/^shards:here does not search: .*memory:1/),
  });
  await store.close();
});
