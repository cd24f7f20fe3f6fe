import type { EntryView } from "../entry-view/entry-view.ts";
import { DEFAULT_VIEW, viewedParts } from "../entry-view/entry-views.ts";
import type { ViewPart } from "../entry-view/view-parts.ts";
import type { JsonValue } from "../model/json.ts";
import type { SessionHead, StoredEntry } from "../model/model.ts";
import { messageText } from "../text/message-text.ts";
import { visibleText } from "../text/visible-text.ts";
import { describeEntry, describeType, oneLine } from "./describe.ts";

// A session as `thulp-sessions export --format markdown` and the viewer write it.

/** The beginning of a session as Markdown, with its metadata as a table. */
export function markdownHead({ metadata, entryCount }: Pick<SessionHead, "metadata" | "entryCount">): string {
  const { id, name, sessionType, status, createdAt, updatedAt, tags, parentSession } = metadata;
  const rows: [string, string][] = [
    ["id", id],
    ["type", describeType(sessionType)],
    ["status", status],
    ["created", iso(createdAt)],
    ["changed", iso(updatedAt)],
    ["entries", String(entryCount)],
  ];
  if (tags.length > 0) rows.push(["tags", tags.map(oneLine).join(", ")]);
  if (parentSession !== null) rows.push(["parent", parentSession]);
  const table = rows.map(([key, value]) => `| ${key} | ${escaped(value)} |`).join("\n");
  return `# ${escaped(oneLine(name) || "(no name)")}\n\n|  |  |\n| --- | --- |\n${table}\n`;
}

/**
 * An entry: what was said as it was written, everything else in a block of code.
 *
 * @param view of its session's agent, for what it says in a record.
 */
export function markdownEntry(entry: StoredEntry, view: EntryView = DEFAULT_VIEW): string {
  return `\n## ${markdownTitle(entry)}\n\n${markdownBody(entry, view)}\n`;
}

/** What an entry is, in one line of Markdown: its `seq` and type. */
export function markdownTitle(entry: StoredEntry): string {
  return `${entry.seq}. ${escaped(describeEntry(entry))}`;
}

/** The time and the contents of an entry, as {@link markdownEntry} has them below its title. */
export function markdownBody(entry: StoredEntry, view: EntryView = DEFAULT_VIEW): string {
  const parts = viewedParts(view, entry);
  const body = parts ? parts.map(markdownPart).join("\n\n") : markdownContent(entry);
  return `_${iso(entry.timestamp)}_\n\n${body}`;
}

/** A text of somebody else in one line of Markdown, in which it does nothing. */
export function markdownLine(text: string): string {
  return escaped(oneLine(text));
}

function markdownContent({ entryType, content }: StoredEntry): string {
  const text = visibleText(contentText(content)).trimEnd();
  const said = entryType.type.endsWith("_message") && isText(content);
  return said ? quote(text) : fenced(text, isText(content) ? "" : "json");
}

function markdownPart(part: ViewPart): string {
  const labelled = (label: string, block: string) =>
    label === "" ? block : `${escaped(oneLine(label))}:\n\n${block}`;
  switch (part.type) {
    case "text":
      return quote(visibleText(part.text).trimEnd());
    case "thinking":
      return labelled("thinking", quote(visibleText(part.text).trimEnd()));
    case "call":
      return labelled(`calls ${part.name}`, json(part.input));
    case "output":
      return labelled(part.label, fenced(visibleText(part.text).trimEnd(), ""));
    case "notice":
      return `_${escaped(oneLine(part.text))}_`;
    case "json":
      return labelled(part.label, json(part.value));
  }
}

function json(value: JsonValue): string {
  return fenced(visibleText(JSON.stringify(value, null, 2)), "json");
}

function isText(content: StoredEntry["content"]): boolean {
  return contentText(content) !== JSON.stringify(content, null, 2);
}

/** Headings of a message stay its own: they do not mix with those of the document. */
function quote(text: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? ">" : `> ${line}`))
    .join("\n");
}

/** The fence is longer than any in the text. */
function fenced(text: string, language: string): string {
  const longest = [...text.matchAll(/`{3,}/g)].reduce((most, [run]) => Math.max(most, run.length), 2);
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

function escaped(text: string): string {
  return text.replace(/[\\|<>*_[\]]/g, "\\$&");
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

/** In UTC; what no calendar holds, as the number it is. */
function iso(timestamp: number): string {
  const date = new Date(timestamp);
  return Number.isNaN(date.getTime()) ? `${timestamp}` : date.toISOString();
}
