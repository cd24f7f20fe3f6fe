import type { JsonValue, StoredEntry } from "@thulp-sessions/core";
import { contentText, describeEntry, visibleText } from "@thulp-sessions/core/text";
import { type EntryView, type ViewPart, viewedParts } from "@thulp-sessions/core/view";
import type { Colors } from "../terminal/colors.ts";
import { wrap } from "./columns.ts";
import { oneLine } from "./text.ts";
import { dateTime } from "./time.ts";

export interface EntryStyle {
  readonly colors: Colors;
  /** In columns; 0 wraps nothing. */
  readonly width: number;
  /** After so many lines a piece of a content is folded; 0 folds nothing. */
  readonly fold: number;
}

const INDENT = "  ";
/** Looking at more than that to fold it away is of no use, and slow. */
const CHARACTERS_A_LINE = 2000;

/** An entry as a person reads it: a heading, then what it says by its agent's view, indented. */
export function renderEntry(entry: StoredEntry, view: EntryView, style: EntryStyle): string {
  const { colors } = style;
  const rounded = entry.inexact ? colors.yellow("  [holds a number that is shown rounded]") : "";
  const heading = `${colors.dim(`#${entry.seq}`)} ${describeEntry(entry, colors)}  ${colors.dim(dateTime(entry.timestamp))}${rounded}`;
  const parts = viewedParts(view, entry);
  const lines = parts ? partsLines(parts, style) : textLines(contentText(entry.content), style);
  return `${[heading, ...lines.map((line) => (line === "" ? "" : INDENT + line))].join("\n")}\n`;
}

function partsLines(parts: readonly ViewPart[], style: EntryStyle): string[] {
  const lines: string[] = [];
  parts.forEach((part, i) => {
    // Two texts are two paragraphs.
    if (part.type === "text" && parts[i - 1]?.type === "text") lines.push("");
    lines.push(...partLines(part, style, parts.length === 1));
  });
  return lines;
}

function partLines(part: ViewPart, style: EntryStyle, isAlone: boolean): string[] {
  const { colors } = style;
  switch (part.type) {
    case "text":
      return textLines(part.text, style);
    case "thinking":
      return [colors.dim("(thinking)"), ...textLines(part.text, style).map((line) => colors.dim(line))];
    case "call":
      return callLines(part.name, part.input, style);
    case "output":
      return [...labelLines(part.label, isAlone, colors), ...textLines(part.text, style)];
    case "notice":
      return textLines(`(${oneLine(part.text)})`, style).map((line) => colors.dim(line));
    case "json":
      return [
        ...labelLines(part.label, isAlone, colors),
        ...textLines(JSON.stringify(part.value, null, 2), style),
      ];
  }
}

function labelLines(label: string, isAlone: boolean, colors: Colors): string[] {
  return isAlone || label === "" ? [] : [colors.dim(`${oneLine(label)}:`)];
}

/** Arguments that need no name. */
const UNNAMED: readonly string[] = [
  ...["command", "cmd", "path", "file_path", "filePath", "absolute_path", "pattern", "query", "url", "skill"],
];

/** A call of one argument in one line. */
function callLines(name: string, input: JsonValue, style: EntryStyle): string[] {
  const { colors } = style;
  const heading = `→ ${colors.bold(colors.yellow(oneLine(name)))}`;
  if (input === null) return [heading];
  const isText = typeof input === "string";
  const [[key, only] = [], ...others] = isText ? [["command", input]] : Object.entries(input as object);
  if (others.length === 0 && typeof only === "string" && !only.includes("\n")) {
    const text = UNNAMED.includes(key as string) ? only : `${key}: ${only}`;
    const [first = "", ...rest] = textLines(text, narrower(style, name.length + 3));
    return [`${heading}  ${first}`, ...rest.map((line) => INDENT + line)];
  }
  if (only === undefined) return [heading];
  const lines = textLines(isText ? input : JSON.stringify(input, null, 2), narrower(style, INDENT.length));
  return [heading, ...lines.map((line) => INDENT + line)];
}

/** Where nothing is wrapped, it stays so. */
function narrower(style: EntryStyle, by: number): EntryStyle {
  return style.width === 0 ? style : { ...style, width: Math.max(1, style.width - by) };
}

function textLines(text: string, { colors, width, fold }: EntryStyle): string[] {
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
