import type { EntryId, EntryType, JsonValue } from "@thulp-sessions/core";
import { idFromNames } from "@thulp-sessions/core/adapter";

/** A longer text is an entry of its own, which every checkpoint that has it shares. */
const MAX_INLINE_LENGTH = 256;
const MESSAGE_EVENT = "langgraph:message";
const ITEM_EVENT = "langgraph:item";

/** A value that is an entry of its own. Its id and its type follow from its text alone. */
export interface Item {
  readonly id: EntryId;
  readonly entryType: EntryType;
  readonly value: JsonValue;
  /** As JSON. */
  readonly text: string;
}

/**
 * @param text of the serde, as JSON.
 * @param pending it is a write, not yet the state. A message without an id is then no message of the
 *   conversation: the reducer gives it one, and what it becomes is.
 * @returns the item, or the value itself where it is short.
 * @throws {TypeError} when the text is no JSON.
 */
export function itemOf(text: string, pending: boolean): Item | { readonly value: JsonValue } {
  const value = parsed(text);
  const message = messageOf(value);
  if (message === undefined && text.length <= MAX_INLINE_LENGTH) return { value };
  // As it is read back, whatever white space the serde writes.
  const canonical = JSON.stringify(value);
  if (message !== undefined && !(pending && message.kwargs["id"] == null)) {
    const id = idFromNames("item", canonical) as EntryId;
    return { id, entryType: messageType(message), value, text: canonical };
  }
  const kind = message === undefined ? "item" : "write";
  const id = idFromNames(kind, canonical) as EntryId;
  return { id, entryType: { type: "system_event", event: ITEM_EVENT }, value, text: canonical };
}

/** Does this id follow from the text of an item? */
export function isItemId(id: string, text: string): boolean {
  return id === idFromNames("item", text) || id === idFromNames("write", text);
}

/** May an entry of this type hold an item? */
export function holdsItem(entryType: EntryType): boolean {
  if (entryType.type !== "system_event") return true;
  return entryType.event === MESSAGE_EVENT || entryType.event === ITEM_EVENT;
}

function parsed(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch {
    // Without the cause: its message quotes the text.
    throw new TypeError('The serde says that a value is of type "json", but its text is no JSON.');
  }
}

/** A message as LangChain serializes it. */
interface Message {
  readonly name: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
}

function messageOf(value: JsonValue): Message | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { lc, type, id, kwargs } = value as Readonly<Record<string, unknown>>;
  if (lc !== 1 || type !== "constructor" || !Array.isArray(id) || id[1] !== "messages") return undefined;
  const name: unknown = id.at(-1);
  if (typeof name !== "string") return undefined;
  return { name, kwargs: (kwargs ?? {}) as Message["kwargs"] };
}

function messageType({ name, kwargs }: Message): EntryType {
  if (name.startsWith("Human")) return { type: "user_message" };
  if (name.startsWith("AI")) return { type: "assistant_message" };
  if (name.startsWith("System")) return { type: "system_message" };
  if (name.startsWith("Tool")) return toolType(kwargs);
  return { type: "system_event", event: MESSAGE_EVENT };
}

/** The entry type of a tool's answer, by the fields that LangChain keeps of it. */
export function toolType(fields: Readonly<Record<string, unknown>>): EntryType {
  const toolName = typeof fields["name"] === "string" ? fields["name"].toWellFormed() : "";
  return { type: "tool_call", toolName, success: fields["status"] !== "error" };
}
