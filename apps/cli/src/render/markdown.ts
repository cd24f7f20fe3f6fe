import type { SessionHead, StoredEntry } from "@thulp-sessions/core";
import { visibleText } from "@thulp-sessions/core/text";
import { Colors } from "../terminal/colors.ts";
import { contentText } from "./entry.ts";
import { describeEntry, describeType } from "./styles.ts";
import { oneLine, shownName } from "./text.ts";
import { iso } from "./time.ts";

const PLAIN = new Colors(false);

/** The head of a session as Markdown. */
export function markdownHead({ metadata, entryCount }: SessionHead): string {
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
  return `# ${escaped(shownName(name))}\n\n|  |  |\n| --- | --- |\n${table}\n`;
}

/** An entry: what was said as it was written, everything else in a block of code. */
export function markdownEntry(entry: StoredEntry): string {
  const { entryType, content, seq, timestamp } = entry;
  const text = visibleText(contentText(content)).trimEnd();
  const said = entryType.type.endsWith("_message") && isText(content);
  const body = said ? quote(text) : fenced(text, isText(content) ? "" : "json");
  return `\n## ${seq}. ${escaped(describeEntry(entryType, PLAIN))}\n\n_${iso(timestamp)}_\n\n${body}\n`;
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
