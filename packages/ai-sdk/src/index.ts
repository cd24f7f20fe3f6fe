export {
  type ChatHitPage,
  type ChatPage,
  ChatStore,
  type ChatStoreOptions,
  type ChatSummary,
  chatStore,
} from "./chat-store.ts";
export { StreamGoneError } from "./follow-stream.ts";
export {
  createResumableStreamContext,
  type ResumableStreamContext,
  type ResumableStreamOptions,
} from "./resumable-streams.ts";
export type { ChatHit } from "./search-chats.ts";
export type { UIMessageLike } from "./stored-contents.ts";
