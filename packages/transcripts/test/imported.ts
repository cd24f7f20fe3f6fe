import type { StoredEntry } from "@thulp-sessions/core";
import { expect } from "vitest";
import type { AgentReader } from "../src/index.ts";
import { openStore } from "./places.ts";
import { exported, fileWith, importOne, lines } from "./round-trip.ts";

/** Imports a file with these records, or with this text, and checks that it comes back. */
export async function imported(reader: AgentReader, name: string, records: readonly object[] | string) {
  const store = await openStore();
  const text = typeof records === "string" ? records : lines(...records);
  const report = await importOne(store, reader, fileWith(text, name));
  const session = await store.get(report.sessionId);
  const types = session.entries.map(typeOf);
  expect((await exported(store, report.sessionId)).bytes.toString()).toBe(text);
  return { store, report, types, ...session };
}

/** What an entry is, in short. */
export function typeOf({ entryType }: Pick<StoredEntry, "entryType">): string {
  const { type } = entryType;
  if (type === "tool_call") return `${entryType.toolName} ${entryType.success}`;
  if (type === "skill_execution") return `skill ${entryType.skillName} ${entryType.success}`;
  return type === "system_event" ? entryType.event : type;
}

/** A session that one reader reads in several ways. */
export async function typesOf(
  reader: AgentReader,
  ...records: readonly object[]
): Promise<readonly string[]> {
  return (await imported(reader, "some.jsonl", records)).types;
}
