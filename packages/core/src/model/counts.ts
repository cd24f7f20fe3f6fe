import type { EntryType } from "./model.ts";

/** What a session's counters need of an entry. */
interface Typed {
  readonly entryType: Pick<EntryType, "type">;
}

/** The counters of a session, and what is needed to continue counting after its last entry. */
export interface EntryCounts {
  readonly entryCount: number;
  readonly turnCount: number;
  readonly userMessageCount: number;
  readonly assistantMessageCount: number;
  /** There is a user message that no assistant message has followed yet. */
  readonly awaitingAssistant: boolean;
}

export const NO_ENTRIES: EntryCounts = {
  entryCount: 0,
  turnCount: 0,
  userMessageCount: 0,
  assistantMessageCount: 0,
  awaitingAssistant: false,
};

/**
 * The counters after `entries` have followed what `from` counts; from nothing when it is absent. A turn is a
 * user message later followed by an assistant message; entries between do not matter (the original's
 * `turn_count`).
 */
export function countEntries(entries: Iterable<Typed>, from: EntryCounts = NO_ENTRIES): EntryCounts {
  let { entryCount, turnCount, userMessageCount, assistantMessageCount, awaitingAssistant } = from;
  for (const { entryType } of entries) {
    entryCount++;
    if (entryType.type === "user_message") {
      userMessageCount++;
      awaitingAssistant = true;
    } else if (entryType.type === "assistant_message") {
      assistantMessageCount++;
      if (awaitingAssistant) turnCount++;
      awaitingAssistant = false;
    }
  }
  return { entryCount, turnCount, userMessageCount, assistantMessageCount, awaitingAssistant };
}
