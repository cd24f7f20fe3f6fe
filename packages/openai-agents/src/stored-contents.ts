// What is on people's disks: ids, tags, types and contexts. It stays as it is once it is released.
import type { EntryType, SessionId } from "@thulp-sessions/core";
import { idFromNames } from "@thulp-sessions/core/adapter";

/** The tag of every session of this package. */
export const PACKAGE_TAG = "openai-agents";
/**
 * The key of the context with the transactions that were applied: for each id the SHA-256 of its change, as
 * hexadecimal digits.
 */
export const OPERATIONS = "openai:operations";

/** The characters of an item's type that are in the entry's type. */
const MAX_TYPE_LENGTH = 200;

/** The session that holds a session of the framework. */
export function sessionIdOf(name: string): SessionId {
  return idFromNames(PACKAGE_TAG, name) as SessionId;
}

/** The type of the entry that holds an item: it follows from the item alone. */
export function itemType(item: object): EntryType {
  const { type, role, name, status } = item as Readonly<Record<string, unknown>>;
  if (type === undefined || type === "message") {
    if (role === "user") return { type: "user_message" };
    if (role === "assistant") return { type: "assistant_message" };
    if (role === "system") return { type: "system_message" };
  }
  if (type === "function_call_result") {
    const toolName = typeof name === "string" ? name.toWellFormed() : "";
    return { type: "tool_call", toolName, success: status === "completed" };
  }
  const event = typeof type === "string" ? type.slice(0, MAX_TYPE_LENGTH).toWellFormed() : "item";
  return { type: "system_event", event: `openai:${event}` };
}
