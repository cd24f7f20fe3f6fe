import { MemoryStore } from "@thulp-sessions/core/memory";
import { testRemoteStore } from "./remote-place.ts";

testRemoteStore(async () => new MemoryStore(), {
  lasts: false,
  // Others than over files.
  every: 8,
  first: 4,
});
