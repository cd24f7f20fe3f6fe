import type { SessionHead } from "@thulp-sessions/core";
import { describeType } from "@thulp-sessions/core/text";
import type { Colors } from "../terminal/colors.ts";
import { truncate } from "./columns.ts";
import { paintStatus } from "./styles.ts";
import { facts } from "./table.ts";
import { oneLine, plural, shownName } from "./text.ts";
import { ago, dateTime, span } from "./time.ts";

const CONTEXT_COLUMNS = 200;

/** What is known of a session beside its entries. */
export function headLines(head: SessionHead, colors: Colors, now: number): string[] {
  const { metadata, context, entryCount, turnCount } = head;
  const { id, name, sessionType, status, createdAt, updatedAt, tags, parentSession } = metadata;
  const pairs: [string, string][] = [
    ["id", colors.yellow(id)],
    ["type", describeType(sessionType)],
    ["status", paintStatus(status, colors)],
    ["created", dateTime(createdAt)],
    [
      "changed",
      `${dateTime(updatedAt)} (${ago(updatedAt, now)}${updatedAt > createdAt ? `; ${span(updatedAt - createdAt)} after it was made` : ""})`,
    ],
    ["entries", `${plural(entryCount, "entry", "entries")}, ${plural(turnCount, "turn")}`],
  ];
  if (tags.length > 0) pairs.push(["tags", colors.cyan(tags.map(oneLine).join(", "))]);
  if (parentSession !== null) pairs.push(["parent", parentSession]);
  if (Object.keys(context).length > 0) {
    const rounded = head.inexact ? colors.yellow(" [holds a number that is shown rounded]") : "";
    pairs.push(["context", truncate(oneLine(JSON.stringify(context)), CONTEXT_COLUMNS) + rounded]);
  }
  return [colors.bold(shownName(name)), ...facts(pairs, colors)];
}
