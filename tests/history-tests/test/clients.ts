import {
  type EntryId,
  isSessionError,
  newUuid,
  type SessionHead,
  type SessionId,
  type SessionStore,
} from "@thulp-sessions/core";
import type { Operation } from "./linearizable.ts";
import type { Answer, Call } from "./session-model.ts";

/** Whole numbers from 0, below `end`, that look random. */
export type Below = (end: number) => number;

const STATUSES = ["active", "completed", "paused"] as const;

/** Numbers the begins and the ends of calls in their order. */
export class Clock {
  #now = 0;

  tick(): number {
    return ++this.#now;
  }
}

/**
 * One caller: calls about sessions that others call too, one after the other, each as it is answered.
 *
 * @returns the operations of each session.
 */
export async function runClient(
  client: number,
  store: SessionStore,
  ids: readonly SessionId[],
  { calls, below, clock }: { readonly calls: number; readonly below: Below; readonly clock: Clock },
): Promise<Map<SessionId, Operation[]>> {
  const history = new Map(ids.map((id) => [id, [] as Operation[]]));
  /** What this caller knows of each session, which may be old. */
  const versions = new Map<SessionId, string>();
  const appended: string[] = [];
  for (let n = 0; n < calls; n++) {
    const id = ids[below(ids.length)] as SessionId;
    const call = nextCall(below, versions.get(id), appended);
    const start = clock.tick();
    const answer = await answerTo(store, id, call);
    history.get(id)?.push({ client, call, answer, start, end: clock.tick() });
    if ("version" in answer) versions.set(id, answer.version);
  }
  return history;
}

function nextCall(below: Below, version: string | undefined, appended: string[]): Call {
  const dice = below(100);
  const status = STATUSES[below(STATUSES.length)] as (typeof STATUSES)[number];
  const newEntry = () => {
    const id = newUuid();
    appended.push(id);
    return id;
  };
  if (dice < 8) return { kind: "create" };
  if (dice < 40) {
    const repeated = appended[below(appended.length * 4 + 1)];
    return { kind: "append", id: repeated ?? newEntry() };
  }
  if (dice < 50 && version !== undefined) return { kind: "replaceTail", id: newEntry(), keep: 0, version };
  if (dice < 56) return { kind: "truncate", entryCount: below(6) };
  if (dice < 66) return { kind: "setStatus", status, version: below(2) === 0 ? version : undefined };
  if (dice < 71) return { kind: "delete", version: below(2) === 0 ? version : undefined };
  return dice < 85 ? { kind: "get" } : { kind: "head" };
}

async function answerTo(store: SessionStore, id: SessionId, call: Call): Promise<Answer> {
  try {
    return await callStore(store, id, call);
  } catch (error) {
    if (isSessionError(error)) return { error: error.code };
    throw error;
  }
}

async function callStore(store: SessionStore, id: SessionId, call: Call): Promise<Answer> {
  const at = Date.now();
  switch (call.kind) {
    case "create":
      return writtenHead(await store.create(newSession(id, at)));
    case "append":
    case "replaceTail": {
      const entry = { id: call.id as EntryId, timestamp: at, entryType: USER, content: call.id };
      const options =
        call.kind === "append" ? { at } : { at, keep: call.keep, expectedVersion: call.version };
      const { version, entryCount, entries } = await store.append(id, [entry], options);
      return { version, entryCount, added: entries[0]?.added === true };
    }
    case "truncate":
      return writtenHead(await store.truncate(id, call.entryCount, { at }));
    case "setStatus":
      return writtenHead(
        await store.update(id, { status: call.status }, { at, expectedVersion: call.version }),
      );
    case "delete":
      return { deleted: await store.delete(id, { expectedVersion: call.version }) };
    case "get": {
      const { version, entries, metadata } = await store.get(id);
      return { version, entries: entries.map((entry) => entry.id), status: metadata.status };
    }
    case "head": {
      const { version, entryCount, metadata } = await store.head(id);
      return { version, entryCount, status: metadata.status };
    }
  }
}

const USER = { type: "user_message" } as const;

function writtenHead({ version, entryCount }: SessionHead): Answer {
  return { version, entryCount };
}

function newSession(id: SessionId, at: number) {
  return {
    metadata: {
      id,
      name: "",
      sessionType: { type: "conversation", purpose: "" } as const,
      createdAt: at,
      updatedAt: at,
      status: "active" as const,
      tags: [],
      parentSession: null,
    },
    entries: [],
    context: {},
  };
}
