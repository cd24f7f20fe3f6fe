import { MemoryStore } from "@thulp-sessions/core/memory";
import { openShardedStore } from "@thulp-sessions/core/sharded";
import { describe, test } from "vitest";
import { conformanceCases } from "../src/index.ts";

// One that is a store like any other, and more than most cases have sessions.
describe.each([1, 7])("the suite on %d shards of MemoryStore", (count) => {
  const shards = () =>
    Array.from({ length: count }, () => ({ name: "memory:", open: async () => new MemoryStore() }));

  for (const each of conformanceCases) {
    test(`${each.id}: ${each.name}`, () =>
      each.run(async () => ({
        open: () => openShardedStore({ shards: shards() }),
        dispose: async () => {},
      })));
  }
});
