import { groupDigits, visibleText } from "@thulp-sessions/core/text";
import { truncate, width } from "./columns.ts";

/** A message that is longer was not written for a person. */
const MESSAGE_COLUMNS = 4000;

/** What was stored, in one line and safe for a terminal. */
export function oneLine(text: string): string {
  return visibleText(text).replace(/\s+/g, " ").trim();
}

/** The name of a session for a person: one of which nothing is to be seen is said to be none. */
export function shownName(name: string): string {
  return oneLine(name) || "(no name)";
}

/** What went wrong, as a store, a server or a parser says it, in one line. */
export function shownMessage(message: string): string {
  return truncate(oneLine(message), MESSAGE_COLUMNS);
}

export function padEnd(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - width(text)));
}

export function padStart(text: string, columns: number): string {
  return " ".repeat(Math.max(0, columns - width(text))) + text;
}

/** `1 session`, `2 sessions`, `10,000 entries`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${groupDigits(count)} ${count === 1 ? one : many}`;
}
