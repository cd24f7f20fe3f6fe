import {
  ENTRY_TYPE_NAMES,
  type EntryType,
  firstRoundedWhole,
  type JsonValue,
  type NewEntry,
} from "@thulp-sessions/core";
import { usage } from "../terminal/exit.ts";
import { parseObject } from "./read-input.ts";

const KEYS = ["id", "timestamp", "entryType", "content", "seq", "inexact", "type"];

/**
 * One line of JSONL as an entry: `{"entryType":{"type":"user_message"},"content":{"text":"hi"}}`, with `id`
 * and `timestamp` where they are to be kept. What `export` and `show --jsonl` write is taken too; places
 * (`seq`) are the store's to give.
 *
 * @throws {Failure} that names the line and what is wrong with it.
 */
export function parseEntryLine(line: string, place: string): NewEntry {
  const given = parseObject(line, place);
  const unknown = Object.keys(given).find((key) => !KEYS.includes(key));
  if (unknown !== undefined)
    throw usage(
      `${place}: there is no field "${unknown.slice(0, 64)}" in an entry: expected ${KEYS.slice(0, 4).join(", ")}.`,
    );
  const { id, timestamp, entryType, content } = given;
  const type = (entryType as { readonly type?: unknown } | undefined)?.type;
  if (!ENTRY_TYPE_NAMES.some((name) => name === type))
    throw usage(
      `${place}: entryType: expected e.g. {"type":"user_message"}; the types are ${ENTRY_TYPE_NAMES.join(", ")}.`,
    );
  if (content === undefined) throw usage(`${place}: content is missing.`);
  if (given["inexact"] === true || firstRoundedWhole(line) !== null)
    throw usage(`${place}: it holds a whole number beyond 2^53, which would be rounded. Write it as text.`);
  return {
    ...(id === undefined ? {} : { id: id as string }),
    ...(timestamp === undefined ? {} : { timestamp: timestamp as number }),
    entryType: entryType as EntryType,
    content: content as JsonValue,
  };
}
