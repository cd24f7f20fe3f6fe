import {
  isSessionError,
  type JsonObject,
  type JsonValue,
  type SessionEntry,
  type SessionHead,
  type SessionId,
  type SessionMetadata,
  type SessionStore,
  type Timestamp,
} from "@thulp-sessions/core";
import type { AgentReader, NamedTranscript } from "../model/agent-reader.ts";
import { type LastEntry, STATE_KEY } from "../model/file-state.ts";
import { isOfAgent, otherSessionIdOf, sessionIdOf } from "../model/session-ids.ts";
import { recordKeyOf } from "./import-counters.ts";

/** Where an entry stands now, and whether it is new; `null` for one that was refused. */
export type Place = { readonly seq: number; readonly added: boolean } | null;

/** What a store did with some entries. */
export interface Written {
  readonly places: readonly Place[];
  readonly refused: readonly string[];
}

/** What is stored of a session. */
export interface StoredRecords {
  /** Where each entry stands, by its id. */
  readonly ids: ReadonlyMap<string, number>;
  /** Of which records something is stored. */
  readonly keys: ReadonlySet<string>;
}

interface WrittenSession {
  readonly metadata: SessionMetadata;
  readonly entries: readonly SessionEntry[];
  readonly context: JsonObject;
}

/** The session of a transcript in a store. */
export class SessionWriter {
  readonly id: SessionId;
  readonly #store: SessionStore;
  #head: SessionHead | null;
  #version: string | undefined;
  #last: LastEntry | null = null;
  #kept: ReadonlyMap<string, number> = new Map();
  /** Of the session in whose place a new one is made. */
  readonly #replaced: SessionHead | null;

  private constructor(store: SessionStore, id: SessionId, head: SessionHead | null, isAnew: boolean) {
    this.#store = store;
    this.id = id;
    this.#head = isAnew ? null : head;
    this.#version = head?.version;
    this.#replaced = isAnew ? head : null;
  }

  /**
   * The session with the agent's own id, or with another one where that id is taken by a session that is not
   * the agent's.
   *
   * @param id of a copy, which has no id of its own.
   * @param isAnew what is stored is replaced by the first call that writes, as if it were not there.
   */
  static async of(
    store: SessionStore,
    { agent }: AgentReader,
    named: NamedTranscript,
    id: SessionId = sessionIdOf(agent, named),
    isAnew = false,
  ): Promise<SessionWriter> {
    const head = await headOrNull(store, id);
    if (!head || isOfAgent(head, agent)) return new SessionWriter(store, id, head, isAnew);
    const other = otherSessionIdOf(agent, named);
    return new SessionWriter(store, other, await headOrNull(store, other), isAnew);
  }

  /** As it was before this import; `null` where there was none. */
  get head(): SessionHead | null {
    return this.#head;
  }

  /** Of the session behind the last call. */
  get version(): string | undefined {
    return this.#version;
  }

  /** Of the entries that were written or found to be there, the last one in the session. */
  get last(): LastEntry | null {
    return this.#last;
  }

  /** Is this entry where it was? */
  async has(entry: LastEntry | null): Promise<boolean> {
    if (entry === null) return true;
    const { seq, id } = entry;
    if (!this.#head || this.#head.entryCount <= seq) return false;
    const { items } = await this.#store.readEntries(this.id, { after: seq - 1, before: seq + 1, limit: 1 });
    return items[0]?.id === id;
  }

  #place(id: string, seq: number): void {
    if (!this.#last || this.#last.seq < seq) this.#last = { seq, id };
  }

  /** What is stored of it. Reads all of its entries: only asked for where a file was changed. */
  async storedRecords(): Promise<StoredRecords> {
    const [ids, keys] = [new Map<string, number>(), new Set<string>()];
    let cursor: string | undefined;
    do {
      const page = await this.#store.readEntries(this.id, { limit: 1000, cursor });
      for (const entry of page.items) {
        ids.set(entry.id, entry.seq);
        const key = recordKeyOf(entry);
        if (key !== null) keys.add(key);
      }
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return { ids, keys };
  }

  /**
   * Makes the session with its first entries. Not async, whose frame would hold the entries while the store,
   * which has copies of them, waits for its commit.
   *
   * @throws {SessionError} already_exists, conflict
   */
  create(metadata: SessionMetadata, entries: readonly SessionEntry[], context: JsonObject): Promise<void> {
    const session = { metadata, entries, context };
    const [lastId, lastSeq] = [entries.at(-1)?.id, entries.length - 1];
    const made = this.#replaced ? this.#replace(this.#replaced, session) : this.#store.create(session);
    return made.then((head) => {
      this.#head = head;
      this.#version = head.version;
      if (lastId !== undefined) this.#place(lastId, lastSeq);
    });
  }

  /** What it begins with already stays, so that who follows the session need not read it again. */
  async #replace(before: SessionHead, session: WrittenSession): Promise<SessionHead> {
    const { metadata, entries, context } = session;
    const { name, status, tags, parentSession, createdAt, updatedAt: at } = metadata;
    let expectedVersion = before.version;
    if (createdAt === before.metadata.createdAt) {
      // Until all is said, nothing is said of what the entries are.
      const options = { at, keep: 0, expectedVersion, removeContext: [STATE_KEY] };
      const result = await this.#store.append(this.id, entries, options);
      expectedVersion = result.version;
      const change = { name, status, tags, parentSession, context };
      if (result.entries.every(({ seq }, i) => seq === i))
        return this.#store.update(this.id, change, { at, expectedVersion });
    }
    return this.#store.replace(session, { expectedVersion });
  }

  /** Entries that are there, and stay as they are whatever is made of their records now. */
  keep(ids: ReadonlyMap<string, number>): void {
    this.#kept = ids;
  }

  /** Appends entries; one that the store refuses is left out, and told of. */
  async append(entries: readonly SessionEntry[], at: Timestamp): Promise<Written> {
    const refused: string[] = [];
    let sent = entries.filter(({ id }) => !this.#kept.has(id));
    const kept = entries.filter(({ id }) => this.#kept.has(id));
    for (;;) {
      try {
        const result = await this.#store.append(this.id, sent, { at });
        this.#version = result.version;
        const there = kept.map(({ id }) => ({ id, seq: this.#kept.get(id) as number, added: false }));
        const all = [...result.entries, ...there];
        for (const { id, seq } of all) this.#place(id, seq);
        const places = new Map(all.map((each) => [each.id as string, each]));
        return {
          places: entries.map(({ id }) => {
            const place = places.get(id);
            return place ? { seq: place.seq, added: place.added } : null;
          }),
          refused,
        };
      } catch (error) {
        const culprit = culpritOf(error, sent);
        if (!culprit) throw error;
        refused.push(`entry ${culprit.id}: ${(error as Error).message}`);
        sent = sent.filter((entry) => entry !== culprit);
      }
    }
  }

  /**
   * Changes metadata and context.
   *
   * @throws {SessionError} conflict when somebody else has written since.
   */
  async update(
    metadata: Partial<Pick<SessionMetadata, "name" | "status" | "tags" | "parentSession">>,
    context: Readonly<Record<string, JsonValue>>,
    at: Timestamp,
  ): Promise<void> {
    this.#head = await this.#store.update(
      this.id,
      { ...metadata, setContext: context },
      { at, expectedVersion: this.#version },
    );
    this.#version = this.#head.version;
  }
}

/** The entry that a store refuses, where it says which. */
function culpritOf(error: unknown, entries: readonly SessionEntry[]): SessionEntry | undefined {
  if (isSessionError(error, "conflict")) return entries.find(({ id }) => id === error.details.entryId);
  if (!isSessionError(error, "invalid_input")) return undefined;
  const [, index] = /^entries\[(\d+)\]/.exec(error.details.field ?? "") ?? [];
  return index === undefined ? undefined : entries[Number(index)];
}

/** The head of a session, or `null` where there is none. */
export async function headOrNull(store: SessionStore, id: SessionId): Promise<SessionHead | null> {
  try {
    return await store.head(id);
  } catch (error) {
    if (isSessionError(error, "not_found")) return null;
    throw error;
  }
}
