import type { JsonValue, StoredEntry } from "@thulp-sessions/core";
import { messageText, visibleText } from "@thulp-sessions/core/text";
import type { Colors } from "../terminal/colors.ts";
import { wrap } from "./columns.ts";
import { describeEntry } from "./styles.ts";
import { dateTime } from "./time.ts";

export interface EntryStyle {
  readonly colors: Colors;
  /** In columns; 0 wraps nothing. */
  readonly width: number;
  /** After so many lines a content is folded; 0 folds nothing. */
  readonly fold: number;
}

const INDENT = "  ";
/** Looking at more than that to fold it away is of no use, and slow. */
const CHARACTERS_A_LINE = 2000;

/** An entry as a person reads it: a heading, then its content, indented. */
export function renderEntry(entry: StoredEntry, style: EntryStyle): string {
  const { colors } = style;
  const rounded = entry.inexact ? colors.yellow("  [holds a number that is shown rounded]") : "";
  const heading = `${colors.dim(`#${entry.seq}`)} ${describeEntry(entry.entryType, colors)}  ${colors.dim(dateTime(entry.timestamp))}${rounded}`;
  const lines = contentLines(contentText(entry.content), style);
  return `${[heading, ...lines.map((line) => (line === "" ? "" : INDENT + line))].join("\n")}\n`;
}

/** The text of what is only text, and of messages that adapters have stored; anything else as JSON. */
export function contentText(content: JsonValue): string {
  if (typeof content === "string") return content;
  if (typeof content === "object" && content !== null && !Array.isArray(content)) {
    const keys = Object.keys(content);
    const { text } = content as { readonly text?: JsonValue };
    if (keys.length === 1 && typeof text === "string") return text;
  }
  return messageText(content) ?? JSON.stringify(content, null, 2);
}

function contentLines(text: string, { colors, width, fold }: EntryStyle): string[] {
  const cut = fold > 0 && text.length > fold * CHARACTERS_A_LINE;
  const shown = visibleText(cut ? text.slice(0, fold * CHARACTERS_A_LINE).toWellFormed() : text).trimEnd();
  const lines =
    width > 0
      ? shown.split("\n").flatMap((line) => wrapIndented(line, width - INDENT.length))
      : shown.split("\n");
  if (fold === 0 || (lines.length <= fold && !cut)) return lines;
  const rest = cut
    ? `${(text.length / 1000).toFixed(0)} thousand characters in all`
    : `${lines.length - fold} more lines`;
  return [...lines.slice(0, fold), colors.dim(`… ${rest}; --full shows all`)];
}

/** Between words where it can be; what the line was indented by stays. */
function wrapIndented(line: string, columns: number): string[] {
  const [indent = ""] = /^\s*/.exec(line) ?? [];
  const room = Math.max(20, columns - indent.length);
  return wrap(line.slice(indent.length), room).map((part) => indent + part);
}
