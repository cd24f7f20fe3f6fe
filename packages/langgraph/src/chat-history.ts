import { BaseListChatMessageHistory } from "@langchain/core/chat_history";
import {
  type BaseMessage,
  mapChatMessagesToStoredMessages,
  mapStoredMessagesToChatMessages,
  type StoredMessage,
} from "@langchain/core/messages";
import {
  type EntryId,
  type EntryType,
  isSessionError,
  newUuid,
  type SessionId,
  type SessionStore,
  type Timestamp,
} from "@thulp-sessions/core";
import {
  appendOrCreate,
  ContentJoiner,
  contentEntries,
  decodeContent,
  entryPages,
  idFromNames,
  keyTag,
  wellFormed,
} from "@thulp-sessions/core/adapter";
import { toolType } from "./items.ts";
import { PACKAGE_TAG } from "./thread-store.ts";

/** How a {@link ThulpChatMessageHistory} works. */
export interface ThulpChatMessageHistoryOptions {
  /** Names the history; any text. */
  readonly sessionId: string;
  /** Milliseconds since the Unix epoch. `Date.now` when absent. */
  readonly clock?: (() => Timestamp) | undefined;
  /** Further tags of the session, should this make it. */
  readonly tags?: readonly string[] | undefined;
}

const HISTORY = "history";
/** Another process may add messages between two pages that are read, but hardly drop some so often. */
const MAX_ROUNDS = 100;

/**
 * A LangChain chat history in any store: one session, an entry for each message. What was added is as durable
 * as the store promises when the promise resolves; messages that several processes add are all kept.
 */
export class ThulpChatMessageHistory extends BaseListChatMessageHistory {
  override lc_namespace = ["thulp_sessions", "langgraph"];
  readonly #store: SessionStore;
  readonly #sessionId: string;
  readonly #clock: () => Timestamp;
  readonly #tags: readonly string[];

  constructor(
    store: SessionStore,
    { sessionId, clock = Date.now, tags = [] }: ThulpChatMessageHistoryOptions,
  ) {
    super();
    this.#store = store;
    this.#sessionId = sessionId;
    this.#clock = clock;
    this.#tags = tags;
  }

  /** All messages, the oldest first. @throws {SessionError} what `readEntries` throws, but `not_found`. */
  override async getMessages(): Promise<BaseMessage[]> {
    for (let round = 1; ; round++) {
      try {
        return mapStoredMessagesToChatMessages(await this.#stored());
      } catch (error) {
        if (isSessionError(error, "not_found")) return [];
        if (!isSessionError(error, "conflict") || round === MAX_ROUNDS) throw error;
      }
    }
  }

  /** @throws {SessionError} what `append` throws. */
  override async addMessage(message: BaseMessage): Promise<void> {
    await this.addMessages([message]);
  }

  /** Adds them in one step. @throws {SessionError} what `append` throws. */
  override async addMessages(messages: BaseMessage[]): Promise<void> {
    const at = this.#clock();
    const entries = mapChatMessagesToStoredMessages(messages).flatMap((message) => {
      return contentEntries({ id: newUuid() as EntryId, timestamp: at, entryType: typeOf(message) }, message);
    });
    if (entries.length === 0) return;
    const session = {
      id: this.#id,
      name: wellFormed(this.#sessionId),
      sessionType: { type: "agent", agentName: PACKAGE_TAG },
      tags: [PACKAGE_TAG, keyTag(PACKAGE_TAG, HISTORY, this.#sessionId), ...this.#tags],
    } as const;
    await appendOrCreate(this.#store, session, entries, { at });
  }

  /** Removes the messages; the session stays. @throws {SessionError} what `truncate` throws. */
  override async clear(): Promise<void> {
    try {
      await this.#store.truncate(this.#id, 0, { at: this.#clock() });
    } catch (error) {
      if (!isSessionError(error, "not_found")) throw error;
    }
  }

  get #id(): SessionId {
    return idFromNames(`${PACKAGE_TAG}:${HISTORY}`, this.#sessionId) as SessionId;
  }

  async #stored(): Promise<StoredMessage[]> {
    const joiner = new ContentJoiner();
    const messages: StoredMessage[] = [];
    for await (const { items } of entryPages(this.#store, this.#id, -1)) {
      for (const entry of items) {
        const joined = joiner.add(entry);
        const message = joined === undefined ? undefined : decodeContent(joined.content);
        // What other programs have written is passed over.
        if (isStoredMessage(message)) messages.push(message);
      }
    }
    return messages;
  }
}

function typeOf({ type, data }: StoredMessage): EntryType {
  switch (type) {
    case "human":
      return { type: "user_message" };
    case "ai":
      return { type: "assistant_message" };
    case "system":
      return { type: "system_message" };
    case "tool":
      return toolType(data as unknown as Record<string, unknown>);
    default:
      return { type: "system_event", event: "langgraph:message" };
  }
}

function isStoredMessage(value: unknown): value is StoredMessage {
  if (typeof value !== "object" || value === null) return false;
  const { type, data } = value as { type?: unknown; data?: unknown };
  return typeof type === "string" && typeof data === "object" && data !== null;
}
