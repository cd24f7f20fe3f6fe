// `@thulp-sessions/core/text`: what a person sees of a session that somebody else has written.
// Imports next to nothing: a command that only prints a message loads no more than this.
export { groupDigits } from "./text/group-digits.ts";
export { messageText } from "./text/message-text.ts";
export { visibleJson, visibleText } from "./text/visible-text.ts";
export { describeEntry, describeType, type EntryPaint } from "./views/describe.ts";
export {
  contentText,
  markdownBody,
  markdownEntry,
  markdownHead,
  markdownLine,
  markdownTitle,
} from "./views/session-markdown.ts";
