import { MemoryStore } from "@thulp-sessions/core/memory";
import { testRemoteStore } from "./remote-place.ts";

testRemoteStore(async () => new MemoryStore(), { lasts: false, view: true });
