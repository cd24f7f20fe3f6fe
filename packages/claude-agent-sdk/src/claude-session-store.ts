import {
  type EntryId,
  isSessionError,
  type SessionId,
  type SessionMetadata,
  type SessionStore,
  type Timestamp,
} from "@thulp-sessions/core";
import { appendOrCreate, ifFound, sessionPages, wellFormed } from "@thulp-sessions/core/adapter";
import { claudeEntriesIn, EntryBatch } from "./entry-batch.ts";
import type {
  ClaudeEntry,
  ClaudeSessionKey,
  ClaudeSessionStore,
  ClaudeSummary,
  FoldSessionSummary,
} from "./sdk-types.ts";
import { AGENT, keyOf, projectTag, sessionIdOf, sessionTag, tagsOf } from "./stored-contents.ts";
import { listSummaries } from "./summaries.ts";

/** How transcripts are stored. */
export interface ClaudeSessionStoreOptions {
  /**
   * `foldSessionSummary` of the SDK, which then lists sessions without reading them. Without it the store has
   * no `listSessionSummaries`, and the SDK reads each session for its list.
   */
  readonly foldSessionSummary?: FoldSessionSummary | undefined;
  /** Milliseconds since the Unix epoch. `Date.now` when absent. */
  readonly clock?: (() => Timestamp) | undefined;
  /** Further tags of the sessions that are made. */
  readonly tags?: readonly string[] | undefined;
}

/**
 * The transcripts of the Claude Agent SDK in any store: `query({ prompt, options: { sessionStore } })`. What
 * was appended is as durable as the store promises when the promise resolves.
 */
export function claudeSessionStore(
  store: SessionStore,
  options: ClaudeSessionStoreOptions = {},
): ClaudeSessionStore {
  const { foldSessionSummary: fold } = options;
  const transcripts = new Transcripts(store, options);
  // Functions, since the SDK may take them off the object; and no method that does not work.
  return {
    append: (key, entries) => transcripts.append(key, entries),
    load: (key) => transcripts.load(key),
    listSessions: (projectKey) => transcripts.listSessions(projectKey),
    delete: (key) => transcripts.delete(key),
    listSubkeys: (key) => transcripts.listSubkeys(key),
    ...(fold && {
      listSessionSummaries: (projectKey: string): Promise<ClaudeSummary[]> =>
        listSummaries(store, projectKey, fold),
    }),
  };
}

class Transcripts {
  readonly #store: SessionStore;
  readonly #clock: () => Timestamp;
  readonly #tags: readonly string[];
  /** The append of each session that is under way, and those that wait for it. */
  readonly #last = new Map<SessionId, Promise<void>>();
  /** The ids of a call that has failed: when the SDK makes it again, nothing is stored twice. */
  readonly #ids = new WeakMap<readonly unknown[], Map<number, EntryId>>();

  constructor(store: SessionStore, { clock = Date.now, tags = [] }: ClaudeSessionStoreOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#tags = tags;
  }

  async append(key: ClaudeSessionKey, entries: ClaudeEntry[]): Promise<void> {
    const tags = tagsOf(key);
    if (entries.length === 0) return;
    const ids = this.#ids.get(entries) ?? new Map<number, EntryId>();
    this.#ids.set(entries, ids);
    // As they are now: the caller may change them while the call waits.
    const batch = new EntryBatch(entries, ids, this.#clock());
    const id = sessionIdOf(key);
    const before = this.#last.get(id) ?? Promise.resolve();
    const written = before.then(() => this.#write(key, [...tags, ...this.#tags], batch));
    const settled = written.catch(() => {});
    this.#last.set(id, settled);
    try {
      await written;
      this.#ids.delete(entries);
    } finally {
      if (this.#last.get(id) === settled) this.#last.delete(id);
    }
  }

  async load(key: ClaudeSessionKey): Promise<ClaudeEntry[] | null> {
    const session = await ifFound(this.#store.get(sessionIdOf(key)));
    const entries = claudeEntriesIn(session?.entries ?? []);
    return entries.length > 0 ? entries : null;
  }

  async listSessions(projectKey: string): Promise<{ sessionId: string; mtime: number }[]> {
    const sessions = await this.#sessions(projectTag(projectKey));
    return sessions.flatMap(([key, { updatedAt }]) =>
      key.projectKey === projectKey && key.subpath === undefined
        ? [{ sessionId: key.sessionId, mtime: updatedAt }]
        : [],
    );
  }

  async delete(key: ClaudeSessionKey): Promise<void> {
    if (key.subpath === undefined)
      // First those beside it: when this is interrupted, the session is still listed, and can be deleted.
      for (const [, { id }] of await this.#beside(key)) await this.#store.delete(id);
    await this.#store.delete(sessionIdOf(key));
  }

  async listSubkeys(key: ClaudeSessionKey): Promise<string[]> {
    return (await this.#beside(key)).map(([{ subpath }]) => subpath as string);
  }

  async #write(key: ClaudeSessionKey, tags: readonly string[], batch: EntryBatch): Promise<void> {
    const { projectKey, sessionId, subpath } = key;
    const main = subpath === undefined ? null : sessionIdOf({ projectKey, sessionId });
    const session = {
      id: sessionIdOf(key),
      name: wellFormed(subpath ?? sessionId),
      sessionType: { type: "agent", agentName: AGENT },
      tags: [...tags],
      parentSession: main,
    } as const;
    for (;;) {
      try {
        const { entries } = batch;
        if (entries.length > 0) await appendOrCreate(this.#store, session, entries, { at: this.#clock() });
        return;
      } catch (error) {
        // There is another entry of this uuid: it stays, and the others are stored.
        const isTaken = isSessionError(error, "conflict") && batch.leaveOut(error.details.entryId);
        if (!isTaken) throw error;
      }
    }
  }

  async #beside({ projectKey, sessionId }: ClaudeSessionKey): Promise<[ClaudeSessionKey, SessionMetadata][]> {
    const sessions = await this.#sessions(sessionTag({ projectKey, sessionId }));
    return sessions.filter(([key]) => key.subpath !== undefined);
  }

  /** The transcripts with a tag. Not those that another program has made of one, with its tags. */
  async #sessions(tag: string): Promise<[ClaudeSessionKey, SessionMetadata][]> {
    const found: [ClaudeSessionKey, SessionMetadata][] = [];
    for await (const page of sessionPages(this.#store, { tag })) {
      for (const metadata of page) {
        const key = keyOf(metadata);
        if (key !== undefined) found.push([key, metadata]);
      }
    }
    return found;
  }
}
