import { MemoryStore } from "@thulp-sessions/core/memory";
import { describe, test } from "vitest";
import { conformanceCases } from "../src/index.ts";

describe("the suite on MemoryStore", () => {
  for (const each of conformanceCases) {
    test(`${each.id}: ${each.name}`, () =>
      each.run(async () => ({
        open: async () => new MemoryStore(),
        openReadOnly: async () => new MemoryStore({ readOnly: true }),
        dispose: async () => {},
      })));
  }
});
