import { countEntries } from "../model/counts.ts";
import type { JsonValue } from "../model/json.ts";
import type { EntryType, Session, SessionHead, SessionMetadata } from "../model/model.ts";
import type { SessionLimits } from "./limits.ts";

/** The type and content of an entry; its id and timestamp are given when it is added. */
export interface EntryDraft {
  readonly entryType: EntryType;
  readonly content: JsonValue;
}

/** A `user_message` with the content `{ text }`. */
export function userMessage(text: string): EntryDraft {
  return { entryType: { type: "user_message" }, content: { text } };
}

/** An `assistant_message` with the content `{ text }`. */
export function assistantMessage(text: string): EntryDraft {
  return { entryType: { type: "assistant_message" }, content: { text } };
}

/** A `tool_call` whose content is its result. */
export function toolCall(toolName: string, success: boolean, result: JsonValue): EntryDraft {
  return { entryType: { type: "tool_call", toolName, success }, content: result };
}

/** A `skill_execution` whose content is its result. */
export function skillExecution(skillName: string, success: boolean, result: JsonValue): EntryDraft {
  return { entryType: { type: "skill_execution", skillName, success }, content: result };
}

/** How many user messages were answered: counted from the entries of a session, or taken from a head. */
export function turnCount(session: Pick<Session, "entries"> | Pick<SessionHead, "turnCount">): number {
  return "turnCount" in session ? session.turnCount : countEntries(session.entries).turnCount;
}

/** How many turns may follow, at least 0; `null` when turns are not limited. */
export function remainingTurns(
  session: Parameters<typeof turnCount>[0],
  limits: Pick<SessionLimits, "maxTurns">,
): number | null {
  return limits.maxTurns === undefined ? null : Math.max(0, limits.maxTurns - turnCount(session));
}

/** True when no turn may follow. */
export function isAtTurnLimit(
  session: Parameters<typeof turnCount>[0],
  limits: Pick<SessionLimits, "maxTurns">,
): boolean {
  return remainingTurns(session, limits) === 0;
}

/** Milliseconds from `createdAt` to `updatedAt`; 0 when `updatedAt` is the earlier one. */
export function duration(session: {
  readonly metadata: Pick<SessionMetadata, "createdAt" | "updatedAt">;
}): number {
  return Math.max(0, session.metadata.updatedAt - session.metadata.createdAt);
}
