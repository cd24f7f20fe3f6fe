import type { SessionEntry, SessionId, SessionStore } from "@thulp-sessions/core";
import { entry, session } from "./session-data.ts";

/** A change in a form that can be printed on one line before it is made, and repeated elsewhere. */
export type Call =
  | {
      readonly call: "create" | "replace";
      readonly id: string;
      readonly at: number;
      readonly entries: readonly SessionEntry[];
    }
  | {
      readonly call: "append";
      readonly id: string;
      readonly at: number;
      readonly entries: readonly SessionEntry[];
    }
  | {
      readonly call: "replaceTail";
      readonly id: string;
      readonly at: number;
      readonly keep: number;
      readonly entries: readonly SessionEntry[];
    }
  | { readonly call: "truncate"; readonly id: string; readonly at: number; readonly keep: number }
  | { readonly call: "update"; readonly id: string; readonly at: number; readonly name: string }
  | { readonly call: "delete"; readonly id: string; readonly at: number };

/** Numbers from 0 to below `choices`, always the same for a seed. */
export function randomNumbers(seed: number): (choices: number) => number {
  let state = (seed % 2_147_483_646) + 1;
  return (choices) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % choices;
  };
}

/** @param counts how many entries each session has. */
export function nextCall(
  random: (choices: number) => number,
  counts: ReadonlyMap<string, number>,
  at: number,
): Call {
  const ids = [...counts.keys()];
  const id = ids[random(Math.max(1, ids.length))];
  const kind = random(20);
  if (id === undefined || (kind === 0 && ids.length < 5)) {
    const { metadata } = session();
    return { call: "create", id: metadata.id, at, entries: entriesOf(random(4)) };
  }
  if (kind === 1 && ids.length > 2) return { call: "delete", id, at };
  if (kind === 2) return { call: "truncate", id, at, keep: random((counts.get(id) ?? 0) + 1) };
  if (kind === 3) return { call: "replace", id, at, entries: entriesOf(random(20)) };
  if (kind < 6) return { call: "update", id, at, name: `name ${at}` };
  if (kind < 9)
    return {
      call: "replaceTail",
      id,
      at,
      keep: random((counts.get(id) ?? 0) + 1),
      entries: entriesOf(random(5)),
    };
  // One, a few, and over many pages.
  return { call: "append", id, at, entries: entriesOf([1, 1, 3, 60][random(4)] as number) };
}

function entriesOf(count: number): SessionEntry[] {
  return Array.from({ length: count }, (_, i) => entry(`word${i} ${"x".repeat(300)}`));
}

/** @returns how many entries the session then has; `undefined` when it is gone. */
export async function make(store: SessionStore, call: Call): Promise<number | undefined> {
  const { id, at } = call;
  switch (call.call) {
    case "create":
      return (await store.create(session({ id: id as SessionId, tags: ["t"], updatedAt: at }, call.entries)))
        .entryCount;
    case "replace":
      return (await store.replace(session({ id: id as SessionId, updatedAt: at }, call.entries))).entryCount;
    case "append":
      return (await store.append(id, call.entries, { at })).entryCount;
    case "replaceTail": {
      const options = { at, keep: call.keep, expectedVersion: (await store.head(id)).version };
      return (await store.append(id, call.entries, options)).entryCount;
    }
    case "truncate":
      return (await store.truncate(id, call.keep, { at })).entryCount;
    case "update":
      return (await store.update(id, { name: call.name }, { at })).entryCount;
    case "delete":
      await store.delete(id);
      return undefined;
  }
}
