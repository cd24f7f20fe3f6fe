// What is on people's disks: ids, tags, types and contexts. It stays as it is once it is released.
import type { EntryId, EntryType, SessionId } from "@thulp-sessions/core";
import { idFromNames, keyNames, keyTag } from "@thulp-sessions/core/adapter";

/** The tag of every session of this package. */
export const PACKAGE_TAG = "ai-sdk";
/** By this name of an agent the chats are told from the streams. */
export const CHAT_AGENT = "ai-sdk";
export const STREAM_AGENT = "resumable-stream";
/** The key of a chat's context that holds the id of the stream that is being produced for it. */
export const ACTIVE_STREAM = "ai-sdk:activeStream";
/** The key of a stream's context that its producer sets while the source is silent. */
export const ALIVE = "ai-sdk:alive";
/** An entry with the next part of a stream's text. */
export const CHUNK_EVENT = "stream:chunk";
/** The last entry of a stream: `{}`, or `{error}` with what the source has failed with. */
export const END_EVENT = "stream:end";

const MESSAGE_EVENT = "ai-sdk:message";
const STREAM = "stream";

/** As much of a `UIMessage` of the AI SDK as has to be known. */
export interface UIMessageLike {
  /** Any text; of one chat no two messages have the same. */
  readonly id: string;
  /** `system`, `user` or `assistant`. */
  readonly role: string;
  readonly parts: readonly unknown[];
}

/** The session that holds a chat. */
export function chatSessionId(chatId: string): SessionId {
  return idFromNames(PACKAGE_TAG, chatId) as SessionId;
}

/** The entry that holds a message, in whichever chat. */
export function messageEntryId(messageId: string): EntryId {
  return idFromNames("message", messageId) as EntryId;
}

export function messageEntryType({ role }: UIMessageLike): EntryType {
  switch (role) {
    case "user":
      return { type: "user_message" };
    case "assistant":
      return { type: "assistant_message" };
    case "system":
      return { type: "system_message" };
    default:
      return { type: "system_event", event: MESSAGE_EVENT };
  }
}

export function isMessage(value: unknown): value is UIMessageLike {
  if (typeof value !== "object" || value === null) return false;
  const { id, role, parts } = value as Partial<Record<keyof UIMessageLike, unknown>>;
  return typeof id === "string" && typeof role === "string" && Array.isArray(parts);
}

/** The tag by which the session of a chat is found. @throws {TypeError} for an id that is too long. */
export function chatTag(chatId: string): string {
  const tag = keyTag(PACKAGE_TAG, chatId);
  if (chatIdOf([tag]) !== chatId)
    throw new TypeError("The id of the chat is too long: it takes more than 64 KiB as a tag of its session.");
  return tag;
}

/** @returns undefined for the tags of something else. */
export function chatIdOf(tags: readonly string[]): string | undefined {
  const names = keyNames(PACKAGE_TAG, tags);
  return names?.length === 1 ? names[0] : undefined;
}

/** The chat of a session; undefined for one that another program has made of it, with its tags. */
export function chatOf({
  id,
  tags,
}: {
  readonly id: string;
  readonly tags: readonly string[];
}): string | undefined {
  const chatId = chatIdOf(tags);
  return chatId !== undefined && chatSessionId(chatId) === id ? chatId : undefined;
}

/** The session that holds a stream. */
export function streamSessionId(keyPrefix: string, streamId: string): SessionId {
  return idFromNames(`${PACKAGE_TAG}:${STREAM}`, keyPrefix, streamId) as SessionId;
}

/** The tag by which the session of a stream is found. */
export function streamTag(keyPrefix: string, streamId: string): string {
  return keyTag(PACKAGE_TAG, STREAM, keyPrefix, streamId);
}
