import type { JsonObject, JsonValue } from "../model/json.ts";
import type { EntryType, SessionEntry, SessionMetadata, SessionType } from "../model/model.ts";

/** Where a text stands within a value: keys and places in lists, from the outside. */
export type TextPath = readonly (string | number)[];

/**
 * Answers what shall stand for a text.
 * @param key of the object that holds it; empty where there is none.
 * @param path only for this call: it is another one after it.
 */
export type MapText = (text: string, key: string, path: TextPath) => string;

/**
 * A value with every text in it mapped, keys too. What nothing was changed in is given back as it is.
 *
 * @param path of the value itself.
 */
export function mapJson<T extends JsonValue>(value: T, map: MapText, key = "", path: TextPath = []): T {
  return mapValue(value, map, key, [...path]) as T;
}

function mapValue(value: JsonValue, map: MapText, key: string, path: (string | number)[]): JsonValue {
  if (typeof value === "string") return map(value, key, path);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = value as readonly JsonValue[];
    const mapped = items.map((item, i) => within(i, path, () => mapValue(item, map, key, path)));
    return mapped.every((item, i) => item === items[i]) ? value : mapped;
  }
  const members = Object.entries(value) as [string, JsonValue][];
  const mapped = members.map(([name, each]) => {
    const mappedName = map(name, "", path);
    return [mappedName, within(mappedName, path, () => mapValue(each, map, name, path))] as const;
  });
  if (mapped.every(([name, each], i) => name === members[i]?.[0] && each === members[i]?.[1])) return value;
  return Object.fromEntries(apart(mapped));
}

function within<T>(step: string | number, path: (string | number)[], work: () => T): T {
  path.push(step);
  const result = work();
  path.pop();
  return result;
}

/** Two keys may have become one: nothing is lost by that. */
function apart(members: readonly (readonly [string, JsonValue])[]): [string, JsonValue][] {
  const names = new Set<string>();
  return members.map(([name, value]) => {
    let free = name;
    while (names.has(free)) free += "'";
    names.add(free);
    return [free, value];
  });
}

/** An entry with its texts mapped; its id and its time are none. */
export function mapEntry<T extends Pick<SessionEntry, "entryType" | "content">>(entry: T, map: MapText): T {
  const entryType = mapType(entry.entryType, map, "entryType");
  const content = mapJson(entry.content, map, "", ["content"]);
  return { ...entry, entryType, content };
}

/** The metadata of a session with its texts mapped; ids and times are none. */
export function mapMetadata(metadata: SessionMetadata, map: MapText): SessionMetadata {
  return {
    ...metadata,
    name: map(metadata.name, "name", ["name"]),
    tags: metadata.tags.map((tag, i) => map(tag, "", ["tags", i])),
    sessionType: mapType(metadata.sessionType, map, "sessionType"),
  };
}

/** What a type is called, and its fields, are texts of ours. */
function mapType<T extends EntryType | SessionType>(value: T, map: MapText, name: string): T {
  // Of a caller who has given something else, which is refused when it is written.
  if (typeof value !== "object" || value === null) return value;
  const { type, ...fields } = value;
  return { type, ...mapJson(fields as unknown as JsonObject, map, "", [name]) } as unknown as T;
}
