// Longer than most files: all that is done with chats, each in a few lines.
import {
  isSessionError,
  type JsonValue,
  newUuid,
  type SessionChange,
  type SessionEntry,
  SessionError,
  type SessionFilter,
  type SessionMetadata,
  type SessionStore,
  type StoredEntry,
  type Timestamp,
} from "@thulp-sessions/core";
import { ifFound, jsonEqual, wellFormed } from "@thulp-sessions/core/adapter";
import { ChatState, messageEntries, messageOf } from "./chat-state.ts";
import { type ChatHit, findInChats } from "./search-chats.ts";
import {
  ACTIVE_STREAM,
  CHAT_AGENT,
  chatIdOf,
  chatOf,
  chatSessionId,
  chatTag,
  PACKAGE_TAG,
  type UIMessageLike,
} from "./stored-contents.ts";

/** How a {@link ChatStore} works. */
export interface ChatStoreOptions<M extends UIMessageLike> {
  /** Milliseconds since the Unix epoch. `Date.now` when absent. */
  readonly clock?: (() => Timestamp) | undefined;
  /** Makes the ids of new chats. UUIDs of version 7 when absent. */
  readonly newId?: (() => string) | undefined;
  /** Further tags of the sessions that are made. */
  readonly tags?: readonly string[] | undefined;
  /**
   * What `loadChat` gives is what this makes of the stored messages, as
   * `(messages) => validateUIMessages({ messages, tools })` of the AI SDK does. None when absent.
   */
  readonly validate?: ((messages: unknown[]) => Promise<M[]>) | undefined;
}

/** A chat in a list. */
export interface ChatSummary {
  readonly id: string;
  /** What it was given; the id when nothing was. */
  readonly title: string;
  readonly updatedAt: Timestamp;
}

/** A page of chats, the one that was changed last comes first. */
export interface ChatPage {
  readonly chats: readonly ChatSummary[];
  /** The `cursor` of the next page; `null` on the last page. */
  readonly nextCursor: string | null;
}

/** A page of hits. */
export interface ChatHitPage {
  readonly hits: readonly ChatHit[];
  /** The `cursor` of the next page; `null` on the last page. */
  readonly nextCursor: string | null;
}

/** Of how many chats it is known what is stored. */
const MAX_KNOWN = 100;
/** Another process may save the same chat meanwhile, but hardly so often. */
const MAX_ROUNDS = 100;

/**
 * The chats of the AI SDK in a store. What was saved is as durable as the store promises when the promise
 * resolves, and is whole or not there. Who saves last wins, as with any `saveChat`: what a chat holds is
 * always one of the arrays that were saved, never a mixture.
 */
export function chatStore<M extends UIMessageLike = UIMessageLike>(
  store: SessionStore,
  options: ChatStoreOptions<M> = {},
): ChatStore<M> {
  return new ChatStore(store, options);
}

/** See {@link chatStore}. Every method rejects with {@link SessionError} where the store does. */
export class ChatStore<M extends UIMessageLike> {
  readonly #store: SessionStore;
  readonly #clock: () => Timestamp;
  readonly #newId: () => string;
  readonly #tags: readonly string[];
  readonly #validate: ((messages: unknown[]) => Promise<M[]>) | undefined;
  /** By the id of the chat; the one used last comes last. */
  readonly #known = new Map<string, ChatState>();

  /** Use {@link chatStore}. */
  constructor(
    store: SessionStore,
    { clock = Date.now, newId = newUuid, tags = [], validate }: ChatStoreOptions<M>,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#newId = newId;
    this.#tags = tags;
    this.#validate = validate;
  }

  /**
   * Makes an empty chat. Not needed before `saveChat`, which makes one by itself.
   *
   * @returns its id.
   * @throws {SessionError} already_exists
   * @throws {TypeError} for an id that takes more than 64 KiB.
   */
  async createChat(chat: { id?: string; title?: string; tags?: readonly string[] } = {}): Promise<string> {
    const { id = this.#newId(), title = id, tags = [] } = chat;
    await this.#create(this.#metadata(id, title, [...this.#tags, ...tags]), [], {});
    return id;
  }

  /** The messages, the oldest first; `[]` where there is no such chat. @throws what `validate` throws. */
  async loadChat(chatId: string): Promise<M[]> {
    const state = await this.#read(chatId);
    const messages: unknown[] = state?.messages().map(({ message }) => message) ?? [];
    return this.#validate && messages.length > 0 ? this.#validate(messages) : (messages as M[]);
  }

  /**
   * Makes these the messages of the chat, in one step. What has changed is written, and what follows it;
   * where nothing has, nothing is.
   *
   * @throws {TypeError} for what is no message, for two of one id, and for what JSON cannot hold.
   */
  async saveChat({ chatId, messages }: { chatId: string; messages: readonly M[] }): Promise<void> {
    const wanted = messageEntries(messages, this.#clock());
    await this.#save(chatId, () => wanted);
  }

  /**
   * Adds a message, or puts it in the place of the one with its id.
   *
   * @param options.rewriteAfter also where messages follow it: they stay as they are, but are written again.
   * @throws {TypeError} where messages follow it, unless `rewriteAfter` is true.
   */
  async upsertMessage(
    { chatId, message }: { chatId: string; message: M },
    { rewriteAfter = false }: { rewriteAfter?: boolean } = {},
  ): Promise<void> {
    const at = this.#clock();
    const given = messageOf(message);
    await this.#save(chatId, (state) => {
      const before = state?.messages().map((found) => found.message) ?? [];
      return messageEntries(withMessage(before, given, rewriteAfter), at);
    });
  }

  /** Gives the chat another title. @throws {SessionError} not_found */
  async setTitle(chatId: string, title: string): Promise<void> {
    await this.#change(chatId, { name: wellFormed(title) });
  }

  /** Removes the chat; true when there was one. */
  async deleteChat(chatId: string): Promise<boolean> {
    this.#known.delete(chatId);
    return this.#store.delete(chatSessionId(chatId));
  }

  /**
   * A new chat with the messages up to this one; all when no message is named. It has the tags of the other,
   * and names it as its parent.
   *
   * @param fork `id`: a new one when absent. `title`: that of the other when absent.
   * @returns the id of the new chat.
   * @throws {SessionError} not_found for the chat or the message; already_exists for the new id.
   */
  async forkChat(
    chatId: string,
    fork: { throughMessageId?: string; id?: string; title?: string } = {},
  ): Promise<string> {
    const { throughMessageId, id = this.#newId() } = fork;
    const session = await this.#store.get(chatSessionId(chatId));
    let end = session.entries.length;
    if (throughMessageId !== undefined) {
      const found = new ChatState(session.version, session.entries).messages();
      const through = found.find(({ message }) => message.id === throughMessageId);
      if (!through)
        throw new SessionError("not_found", "The chat has no message with this id: load it again.", {
          details: { sessionId: session.metadata.id },
        });
      end = through.end;
    }
    const own = [PACKAGE_TAG, chatTag(chatId)];
    const tags = session.metadata.tags.filter((tag) => !own.includes(tag));
    const metadata = this.#metadata(id, fork.title ?? session.metadata.name, tags);
    const entries = session.entries.slice(0, end).map(({ seq: _, ...entry }) => entry);
    await this.#create({ ...metadata, parentSession: session.metadata.id }, entries, {});
    return id;
  }

  /**
   * A page of chats, the one that was changed last comes first.
   *
   * @param query `limit`: 1 to 1000, 50 when absent. `tag`: only chats with this one.
   */
  async listChats(query: { limit?: number; cursor?: string; tag?: string } = {}): Promise<ChatPage> {
    const { limit, cursor, tag } = query;
    const filter: SessionFilter = tag === undefined ? ALL_CHATS : { and: [ALL_CHATS, { tag }] };
    const page = await this.#store.list({ filter, limit, cursor });
    const chats = page.items.flatMap((metadata) => {
      const id = chatOf(metadata);
      return id === undefined ? [] : [{ id, title: metadata.name, updatedAt: metadata.updatedAt }];
    });
    return { chats, nextCursor: page.nextCursor };
  }

  /**
   * Where these words stand in the messages and titles of chats, the newest chat first.
   *
   * @param query `limit`: 1 to 200, 20 when absent. `tag`: only in chats with this one.
   */
  async searchChats(
    text: string,
    query: { limit?: number; cursor?: string; tag?: string } = {},
  ): Promise<ChatHitPage> {
    const { limit, cursor, tag } = query;
    const filter: SessionFilter = tag === undefined ? ALL_CHATS : { and: [ALL_CHATS, { tag }] };
    const page = await this.#store.search({ text, filter, limit, cursor });
    return { hits: await findInChats(this.#store, page.items), nextCursor: page.nextCursor };
  }

  /** Notes which stream is being produced for the chat, which is made where there is none. */
  async setActiveStream(chatId: string, streamId: string): Promise<void> {
    const context = { [ACTIVE_STREAM]: wellFormed(streamId) };
    for (let round = 1; ; round++) {
      try {
        await this.#change(chatId, { setContext: context });
        return;
      } catch (error) {
        if (!isSessionError(error, "not_found") || round === MAX_ROUNDS) throw error;
      }
      try {
        await this.#create(this.#metadata(chatId, chatId, this.#tags), [], context);
        return;
      } catch (error) {
        if (!isSessionError(error, "already_exists") || round === MAX_ROUNDS) throw error;
      }
    }
  }

  /** The stream that is being produced for the chat; `null` when there is none. */
  async activeStream(chatId: string): Promise<string | null> {
    return (await this.#activeStream(chatId))?.streamId ?? null;
  }

  /** Clears the note, unless it names another stream by now. */
  async clearActiveStream(chatId: string, streamId: string): Promise<void> {
    for (let round = 1; ; round++) {
      const active = await this.#activeStream(chatId);
      if (active?.streamId !== wellFormed(streamId)) return;
      try {
        const change = { removeContext: [ACTIVE_STREAM] };
        await this.#change(chatId, change, active.version);
        return;
      } catch (error) {
        if (isSessionError(error, "not_found")) return;
        if (!isSessionError(error, "conflict") || round === MAX_ROUNDS) throw error;
      }
    }
  }

  async #activeStream(chatId: string): Promise<{ streamId: string; version: string } | undefined> {
    const head = await ifFound(this.#store.head(chatSessionId(chatId)));
    const streamId = head?.context[ACTIVE_STREAM];
    return head && typeof streamId === "string" ? { streamId, version: head.version } : undefined;
  }

  /** What is stored now; undefined when there is no such chat. */
  async #read(chatId: string): Promise<ChatState | undefined> {
    const id = chatSessionId(chatId);
    try {
      const known = this.#known.get(chatId);
      if (known !== undefined && (await this.#store.head(id)).version === known.version) return known;
      const { version, entries } = await this.#store.get(id);
      const state = new ChatState(version, entries);
      this.#hold(chatId, state);
      return state;
    } catch (error) {
      this.#known.delete(chatId);
      if (isSessionError(error, "not_found")) return undefined;
      throw error;
    }
  }

  /** Brings the chat to what `wantedOf` makes of it. */
  async #save(
    chatId: string,
    wantedOf: (state: ChatState | undefined) => readonly SessionEntry[],
  ): Promise<void> {
    const metadata = this.#metadata(chatId, chatId, this.#tags);
    for (let round = 1; ; round++) {
      // What is known may be old: then the version is another one, and nothing is written.
      const state = this.#known.get(chatId) ?? (await this.#read(chatId));
      const wanted = wantedOf(state);
      try {
        if (state === undefined) {
          if (wanted.length > 0) await this.#create(metadata, wanted, {});
          return;
        }
        if (await this.#write(chatId, state, wanted)) return;
      } catch (error) {
        const isRace = RACES.some((code) => isSessionError(error, code));
        if (!isRace || round === MAX_ROUNDS) throw error;
      }
      this.#known.delete(chatId);
    }
  }

  /** @returns false where it is not certain that the chat is what is wanted: it has to be read. */
  async #write(chatId: string, state: ChatState, wanted: readonly SessionEntry[]): Promise<boolean> {
    const plan = state.planTo(wanted);
    const id = chatSessionId(chatId);
    if (plan === undefined) return (await this.#store.head(id)).version === state.version;
    const { keep, batch } = plan;
    const dropped = state.entries.length - keep;
    const answer = await this.#store.append(id, batch, {
      at: this.#clock(),
      expectedVersion: state.version,
      ...(dropped > 0 && { keep }),
    });
    // A repeat succeeds whatever the version is: of all that lies before it nothing is known then.
    if (!answer.entries.some(({ added }) => added)) return false;
    this.#hold(chatId, state.afterPlan(answer.version, plan, wanted));
    return true;
  }

  async #create(
    metadata: SessionMetadata,
    entries: readonly SessionEntry[],
    context: Readonly<Record<string, JsonValue>>,
  ): Promise<void> {
    const { version } = await this.#store.create({ metadata, entries, context });
    const stored: StoredEntry[] = entries.map((entry, seq) => ({ ...entry, seq }));
    this.#hold(chatIdOf(metadata.tags) ?? "", new ChatState(version, stored));
  }

  /** Changes what is not messages, so that what is known of those stays known. */
  async #change(chatId: string, change: SessionChange, expectedVersion?: string): Promise<void> {
    const known = this.#known.get(chatId);
    const id = chatSessionId(chatId);
    const at = this.#clock();
    if (known !== undefined && (expectedVersion ?? known.version) === known.version) {
      try {
        const { version } = await this.#store.update(id, change, { at, expectedVersion: known.version });
        this.#hold(chatId, known.withVersion(version));
        return;
      } catch (error) {
        this.#known.delete(chatId);
        if (expectedVersion !== undefined || !isSessionError(error, "conflict")) throw error;
      }
    }
    await this.#store.update(id, change, { at, expectedVersion });
  }

  #metadata(chatId: string, title: string, tags: readonly string[]): SessionMetadata {
    const at = this.#clock();
    return {
      id: chatSessionId(chatId),
      name: wellFormed(title),
      sessionType: { type: "agent", agentName: CHAT_AGENT },
      createdAt: at,
      updatedAt: at,
      status: "active",
      tags: [PACKAGE_TAG, chatTag(chatId), ...tags],
      parentSession: null,
    };
  }

  #hold(chatId: string, state: ChatState): void {
    this.#known.delete(chatId);
    this.#known.set(chatId, state);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_KNOWN) break;
      this.#known.delete(oldest);
    }
  }
}

const ALL_CHATS: SessionFilter = { tag: PACKAGE_TAG, agentName: CHAT_AGENT };
const RACES = ["conflict", "not_found", "already_exists"] as const;

function withMessage(
  messages: readonly UIMessageLike[],
  message: UIMessageLike,
  rewriteAfter: boolean,
): readonly UIMessageLike[] {
  const place = messages.findIndex(({ id }) => id === message.id);
  if (place < 0) return [...messages, message];
  const isChanged = !jsonEqual(messages[place] as unknown as JsonValue, message as unknown as JsonValue);
  if (isChanged && place < messages.length - 1 && !rewriteAfter)
    throw new TypeError(
      "Messages follow the one that is to be replaced: pass { rewriteAfter: true } to keep them, or save the chat without them.",
    );
  return messages.map((each, i) => (i === place ? message : each));
}
