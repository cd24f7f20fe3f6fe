import { MemoryStore } from "@thulp-sessions/core/memory";
import { openShardedStore } from "@thulp-sessions/core/sharded";
import { describe, test } from "vitest";
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
