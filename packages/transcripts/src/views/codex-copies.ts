import type { Timestamp } from "@thulp-sessions/core";
import type { CodexRecord } from "../agents/codex-record.ts";
import { idOf } from "../model/fields.ts";

/** What was copied is written without a pause; before a turn of its own somebody has to type. */
const PAUSE_MS = 1000;

/**
 * A fork and many a sub-agent of Codex begin with a copy of what they come from, with the time of the copy. A
 * turn is called by the time at which it began, and so is a thread: the first turn that is younger than the
 * thread is its own. Where turns have no such names, the first pause ends the copy.
 */
export class CodexCopies {
  #threadId: string | undefined;
  #state: "none" | "copy" | "over" = "none";
  #hasTurns = false;
  #before: Timestamp | null = null;

  /** To be asked of each record, in their order. */
  isCopied({ type, itemType, payload }: CodexRecord, at: Timestamp): boolean {
    const before = this.#before;
    this.#before = at;
    if (this.#state === "over") return false;
    if (type === "session_meta") {
      // A fork that points at its parent has copied nothing.
      const forkedFrom = payload["history_base"] ? null : (payload["forked_from_id"] ?? null);
      return this.#meta(idOf(payload["id"]), forkedFrom);
    }
    const isTurn = type === "turn_context" || itemType === "task_started";
    if (this.#state === "none") {
      if (isTurn) this.#state = "over";
      return false;
    }
    const began = isTurn ? timeIn(idOf(payload["turn_id"])) : null;
    const thread = timeIn(this.#threadId);
    if (began !== null && thread !== null) {
      this.#hasTurns = true;
      if (began < thread) return true;
      this.#state = "over";
      return false;
    }
    if (this.#hasTurns || before === null || at - before <= PAUSE_MS) return true;
    this.#state = "over";
    return false;
  }

  /** The first one is the thread's own; one of another thread came with the copy. */
  #meta(id: string | undefined, forkedFrom: unknown): boolean {
    if (this.#threadId === undefined) {
      this.#threadId = id;
      if (forkedFrom !== null) this.#state = "copy";
      return false;
    }
    if (id === this.#threadId) return false;
    this.#state = "copy";
    return true;
  }
}

const UUID_V7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** The time in a UUID of version 7; `null` for any other name. */
function timeIn(id: string | undefined): Timestamp | null {
  const [, high, low] = (id === undefined ? null : UUID_V7.exec(id)) ?? [];
  return high === undefined ? null : Number.parseInt(`${high}${low}`, 16);
}
