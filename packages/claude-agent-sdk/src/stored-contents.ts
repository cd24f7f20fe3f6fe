// What is on people's disks: ids, tags, types and contexts. It stays as it is once it is released.
import type { EntryId, EntryType, SessionId } from "@thulp-sessions/core";
import { idFromNames, keyNames, keyTag, wellFormed } from "@thulp-sessions/core/adapter";
import type { ClaudeSessionKey } from "./sdk-types.ts";

/** The tag of every session of this package. */
const PACKAGE_TAG = "claude-agent-sdk";
/** The name of the agent of every session. */
export const AGENT = "claude";
/** The key of the context of a main transcript with what the SDK's lists say about it. */
export const SUMMARY = "claude:summary";

const SUBPATH_PREFIX = `${PACKAGE_TAG}:subpath:`;
/** The characters of an entry's type that are in the type of the stored one. */
const MAX_TYPE_LENGTH = 200;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The session that holds a transcript. */
export function sessionIdOf({ projectKey, sessionId, subpath }: ClaudeSessionKey): SessionId {
  const names = subpath === undefined ? [projectKey, sessionId] : [projectKey, sessionId, subpath];
  return idFromNames(PACKAGE_TAG, ...names) as SessionId;
}

/** The tag of all transcripts of a session: the main one and those beside it. */
export function sessionTag({ projectKey, sessionId }: ClaudeSessionKey): string {
  return keyTag(PACKAGE_TAG, projectKey, sessionId);
}

/** The tag of all main transcripts of a project. */
export function projectTag(projectKey: string): string {
  return wellFormed(`${PACKAGE_TAG}:project:${projectKey}`);
}

/**
 * The tags of the session that holds a transcript.
 *
 * @throws {TypeError} for names that no tag can hold, and for an empty `subpath`.
 */
export function tagsOf(key: ClaudeSessionKey): string[] {
  const { projectKey, subpath } = key;
  const last = subpath === undefined ? projectTag(projectKey) : `${SUBPATH_PREFIX}${subpath}`;
  const tags = [PACKAGE_TAG, sessionTag(key), last];
  const found = keyIn(tags);
  if (subpath === "") throw new TypeError("The subpath of a session key is empty: leave it out.");
  if (wellFormed(last) !== last && subpath !== undefined)
    throw new TypeError("The subpath of a session key is too long, or has half a character in it.");
  if (found === undefined)
    throw new TypeError("The session key is too long: it takes more than 64 KiB as a tag of its session.");
  return tags;
}

/** The key of the transcript that a session holds; undefined for what another program has made of one. */
export function keyOf({
  id,
  tags,
}: {
  readonly id: string;
  readonly tags: readonly string[];
}): ClaudeSessionKey | undefined {
  const key = keyIn(tags);
  return key !== undefined && sessionIdOf(key) === id ? key : undefined;
}

/** The entry that holds an entry of this `uuid`; undefined where it has none. */
export function entryIdOf(uuid: unknown): EntryId | undefined {
  if (typeof uuid !== "string" || uuid === "") return undefined;
  const canonical = uuid.toLowerCase();
  return (UUID.test(canonical) ? canonical : idFromNames("uuid", uuid)) as EntryId;
}

/** The type of the entry that holds an entry of a transcript: it follows from that alone. */
export function entryTypeOf(entry: Readonly<Record<string, unknown>>): EntryType {
  const { type, subtype } = entry;
  if (type === "assistant") return { type: "assistant_message" };
  if (type !== "user") return event(typeof subtype === "string" ? `${type}:${subtype}` : String(type));
  const results = toolResultsIn(entry["message"]);
  if (results.length > 0) {
    const success = results.every((result) => result["is_error"] !== true);
    return { type: "tool_call", toolName: "tool_result", success };
  }
  if (entry["isMeta"] === true || entry["isCompactSummary"] === true) return event("user:meta");
  return { type: "user_message" };
}

function toolResultsIn(message: unknown): readonly Readonly<Record<string, unknown>>[] {
  const content = isObject(message) ? message["content"] : undefined;
  if (!Array.isArray(content)) return [];
  return content.filter(isObject).filter((block) => block["type"] === "tool_result");
}

function event(name: string): EntryType {
  return { type: "system_event", event: `claude:${name.slice(0, MAX_TYPE_LENGTH).toWellFormed()}` };
}

function keyIn(tags: readonly string[]): ClaudeSessionKey | undefined {
  const [projectKey, sessionId, ...more] = keyNames(PACKAGE_TAG, tags) ?? [];
  if (projectKey === undefined || sessionId === undefined || more.length > 0) return undefined;
  const subpath = tags.find((each) => each.startsWith(SUBPATH_PREFIX))?.slice(SUBPATH_PREFIX.length);
  return subpath === undefined ? { projectKey, sessionId } : { projectKey, sessionId, subpath };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
