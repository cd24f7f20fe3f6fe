import { SessionManager } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { createCaller } from "../src/index.ts";

export const NOW = 1_700_000_000_000;
export const CHAT = { type: "conversation", purpose: "test" } as const;
export const ID = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";
export const OTHER_ID = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e30";

/** The API in process over a store in memory, with a clock that stands still. */
export function openApi() {
  const store = new MemoryStore();
  const manager = new SessionManager(store, { clock: () => NOW });
  const info = { name: "test", version: "1.2.3", startedAt: NOW, durability: null, limits: null };
  return { store, manager, api: createCaller({ manager, info }) };
}

export function user(text: string) {
  return { entryType: { type: "user_message" } as const, content: { text } };
}
