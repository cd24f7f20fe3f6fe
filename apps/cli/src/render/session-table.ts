import type { SessionMetadata } from "@thulp-sessions/core";
import type { Colors } from "../terminal/colors.ts";
import { paintStatus } from "./styles.ts";
import { type Column, table } from "./table.ts";
import { oneLine, shownName } from "./text.ts";
import { ago, iso } from "./time.ts";

const MIN_ID = 8;
const ROOM_FOR_WHOLE_IDS = 120;
/** Below these widths there is no column for the tags, for the type, for the time. */
const ROOM_FOR_TAGS = 72;
const ROOM_FOR_TYPE = 60;
const ROOM_FOR_TIME = 48;

/**
 * Sessions as a table for a person. Ids are shortened where the terminal is narrow, so far that they still
 * differ.
 */
export function sessionTable(
  sessions: readonly SessionMetadata[],
  available: number,
  now: number,
  colors: Colors,
): string[] {
  const length = available >= ROOM_FOR_WHOLE_IDS ? 36 : shortestDistinct(sessions.map(({ id }) => id));
  const columns: Column<SessionMetadata>[] = [
    { title: "ID", value: ({ id }) => id.slice(0, length), paint: (text) => colors.yellow(text) },
    {
      title: "NAME",
      value: ({ name }) => shownName(name),
      paint: (text) => colors.bold(text),
      shrinkTo: 12,
    },
    { title: "TYPE", value: ({ sessionType }) => sessionType.type, shrinkTo: 5 },
    { title: "STATUS", value: ({ status }) => status, paint: (_, { status }) => paintStatus(status, colors) },
    { title: "CHANGED", value: ({ updatedAt }) => ago(updatedAt, now), paint: (text) => colors.dim(text) },
    {
      title: "TAGS",
      value: ({ tags }) => oneLine(tags.join(", ")),
      paint: (text) => colors.cyan(text),
      shrinkTo: 6,
    },
  ];
  const rooms: Readonly<Record<string, number>> = {
    TYPE: ROOM_FOR_TYPE,
    CHANGED: ROOM_FOR_TIME,
    TAGS: sessions.some(({ tags }) => tags.length > 0) ? ROOM_FOR_TAGS : Number.POSITIVE_INFINITY,
  };
  const used = columns.filter(({ title }) => available >= (rooms[title] ?? 0));
  return table(sessions, used, available, colors);
}

/** For other programs: nothing is cut, one line each, columns separated by tabs, times in UTC. */
export function sessionLine({ id, name, sessionType, status, updatedAt, tags }: SessionMetadata): string {
  return [id, oneLine(name), sessionType.type, status, iso(updatedAt), tags.map(oneLine).join(",")].join(
    "\t",
  );
}

function shortestDistinct(ids: readonly string[]): number {
  for (let length = MIN_ID; length < 36; length++) {
    if (new Set(ids.map((id) => id.slice(0, length))).size === ids.length)
      return ids[0]?.[length - 1] === "-" ? length - 1 : length;
  }
  return 36;
}
