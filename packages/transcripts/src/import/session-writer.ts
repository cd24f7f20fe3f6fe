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
import type { LastEntry } from "../model/file-state.ts";
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
  readonly ids: ReadonlySet<string>;
  /** Of which records something is stored. */
  readonly keys: ReadonlySet<string>;
}

/** The session of a transcript in a store. */
export class SessionWriter {
  readonly id: SessionId;
  readonly #store: SessionStore;
  #head: SessionHead | null;
  #version: string | undefined;
  #last: LastEntry | null = null;

  private constructor(store: SessionStore, id: SessionId, head: SessionHead | null) {
    this.#store = store;
    this.id = id;
    this.#head = head;
    this.#version = head?.version;
  }

  /**
   * The session with the agent's own id, or with another one where that id is taken by a session that is not
   * the agent's.
   *
   * @param id of a copy, which has no id of its own.
   */
  static async of(
    store: SessionStore,
    { agent }: AgentReader,
    named: NamedTranscript,
    id: SessionId = sessionIdOf(agent, named),
  ): Promise<SessionWriter> {
    const head = await headOrNull(store, id);
    if (!head || isOfAgent(head, agent)) return new SessionWriter(store, id, head);
    const other = otherSessionIdOf(agent, named);
    return new SessionWriter(store, other, await headOrNull(store, other));
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
    const [ids, keys] = [new Set<string>(), new Set<string>()];
    let cursor: string | undefined;
    do {
      const page = await this.#store.readEntries(this.id, { limit: 1000, cursor });
      for (const entry of page.items) {
        ids.add(entry.id);
        const key = recordKeyOf(entry);
        if (key !== null) keys.add(key);
      }
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return { ids, keys };
  }

  /** Makes the session with its first entries. @throws {SessionError} already_exists */
  async create(
    metadata: SessionMetadata,
    entries: readonly SessionEntry[],
    context: JsonObject,
  ): Promise<void> {
    this.#head = await this.#store.create({ metadata, entries, context });
    this.#version = this.#head.version;
    const last = entries.at(-1);
    if (last) this.#place(last.id, entries.length - 1);
  }

  /** Appends entries; one that the store refuses is left out, and told of. */
  async append(entries: readonly SessionEntry[], at: Timestamp): Promise<Written> {
    const refused: string[] = [];
    let sent = entries;
    for (;;) {
      try {
        const result = await this.#store.append(this.id, sent, { at });
        this.#version = result.version;
        for (const { id, seq } of result.entries) this.#place(id, seq);
        const places = new Map(result.entries.map((each) => [each.id as string, each]));
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

async function headOrNull(store: SessionStore, id: SessionId): Promise<SessionHead | null> {
  try {
    return await store.head(id);
  } catch (error) {
    if (isSessionError(error, "not_found")) return null;
    throw error;
  }
}
