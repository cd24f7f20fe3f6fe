import type { EntryType, JsonValue } from "@thulp-sessions/core";
import { idOf } from "../model/fields.ts";

/** Stands where a result belongs to no call that was read. */
const UNKNOWN_TOOL = "unknown";

/**
 * The names of the calls so far, by the id that joins a call with its result. Of equal ids the last call
 * before the result counts.
 */
export class ToolCalls {
  readonly #names = new Map<string, string>();

  add(id: JsonValue | undefined, name: JsonValue | undefined): void {
    const key = idOf(id);
    const tool = idOf(name);
    if (key !== undefined && tool !== undefined) this.#names.set(key, tool);
  }

  name(id: JsonValue | undefined): string | undefined {
    const key = idOf(id);
    return key === undefined ? undefined : this.#names.get(key);
  }
}

export function toolCall(toolName: string | undefined, success: boolean): EntryType {
  return { type: "tool_call", toolName: toolName ?? UNKNOWN_TOOL, success };
}

/** An entry that is no message and no call: what the agent calls it. */
export function agentEvent(agent: string, kind: string): EntryType {
  return { type: "system_event", event: `${agent}:${kind}` };
}
