export { ThulpChatMessageHistory, type ThulpChatMessageHistoryOptions } from "./chat-history.ts";
export type { CompactReport } from "./compact.ts";
export { ThulpSaver, type ThulpSaverOptions } from "./thulp-saver.ts";
