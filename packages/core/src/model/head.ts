import type { EntryCounts } from "./counts.ts";
import type { JsonObject } from "./json.ts";
import type { SessionHead, SessionMetadata } from "./model.ts";

/**
 * The head of a session as a store answers it: what it keeps of the session, without what only the store
 * needs.
 */
export function headOf(
  metadata: SessionMetadata,
  context: JsonObject,
  { entryCount, turnCount, userMessageCount, assistantMessageCount }: Omit<EntryCounts, "awaitingAssistant">,
  { version, epoch }: Pick<SessionHead, "version" | "epoch">,
  inexact = false,
): SessionHead {
  return {
    metadata,
    context,
    entryCount,
    turnCount,
    userMessageCount,
    assistantMessageCount,
    version,
    epoch,
    ...(inexact && { inexact }),
  };
}
