import type { JsonObject } from "@thulp-sessions/core";
import { idOf, objectOf, textOf } from "../model/fields.ts";

/** A record of a rollout, whichever of the three dialects it is written in. */
export interface CodexRecord {
  /** `response_item`, `event_msg`, `session_meta`, ... */
  readonly type: string;
  /** The type of what is in it. */
  readonly itemType: string | undefined;
  readonly payload: JsonObject;
  /** With the type of the completed item, where that is what it says. */
  readonly kind: string;
}

const OF_SEVERAL_KINDS: readonly string[] = ["response_item", "event_msg"];

const BARE_ITEM = /^(?:message|reasoning|ghost_snapshot|compaction|.+_call|.+_output)$/;

/**
 * Takes the envelope off. The files of 2025 have none: they begin with the bare facts of the session, and
 * have the items as their records.
 */
export function codexRecord(record: JsonObject): CodexRecord {
  const type = idOf(record["type"]);
  const payload = objectOf(record["payload"]);
  if (type !== undefined && payload) {
    const itemType = idOf(payload["type"]);
    const item = itemType === "item_completed" ? idOf(objectOf(payload["item"])?.["type"]) : undefined;
    const parts = OF_SEVERAL_KINDS.includes(type) ? [type, itemType, item] : [type];
    return { type, itemType, payload, kind: parts.filter((part) => part !== undefined).join("/") };
  }
  if (type !== undefined && BARE_ITEM.test(type))
    return { type: "response_item", itemType: type, payload: record, kind: `response_item/${type}` };
  if (textOf(record["record_type"]) === "state")
    return { type: "state", itemType: undefined, payload: record, kind: "state" };
  const isMeta = type === undefined && idOf(record["id"]) !== undefined && "timestamp" in record;
  const bare = isMeta ? "session_meta" : (type ?? "unknown");
  return { type: bare, itemType: undefined, payload: record, kind: bare };
}

/** What Codex itself puts among the messages of the user. */
const INJECTED =
  /^\s*(?:<(?:environment_context|user_instructions|permissions instructions|collaboration_mode|turn_aborted|subagent_notification|skill|INSTRUCTIONS)\b|# AGENTS\.md instructions)/;

export function isInjected(text: string | undefined): boolean {
  return text !== undefined && INJECTED.test(text);
}

/** Whether a call succeeded, where its output says so in words or as JSON. */
export function successOfOutput(output: JsonObject["string"] | undefined): boolean | undefined {
  const text = textOf(output) ?? textOf(objectOf(output)?.["content"]);
  if (text === undefined) return undefined;
  const head = text.slice(0, SEARCHED_LENGTH);
  const [, code] = /^(?:Process exited with code|Exit code:) (-?\d+)$/m.exec(head) ?? [];
  if (code !== undefined) return Number(code) === 0;
  if (head.startsWith("apply_patch verification failed")) return false;
  if (!text.startsWith("{") || text.length > MAX_JSON_LENGTH) return undefined;
  try {
    const exitCode = (JSON.parse(text) as { metadata?: { exit_code?: unknown } }).metadata?.exit_code;
    return typeof exitCode === "number" ? exitCode === 0 : undefined;
  } catch {
    return undefined;
  }
}

/** The code stands at the beginning, before what the command has printed. */
const SEARCHED_LENGTH = 400;
const MAX_JSON_LENGTH = 1024 * 1024;
