import { invalidInput } from "../model/errors.ts";
import type { SessionStore } from "./session-store.ts";

/** The longest label, in UTF-16 units. */
export const MAX_LABEL_LENGTH = 1000;

/**
 * A store whose place keeps one short text about itself beside its sessions: to which list of shards it
 * belongs. It is no part of the contract of every store. What it says is in no list, count or search, and
 * stays where all sessions are deleted.
 */
export interface LabelledStore extends SessionStore {
  /**
   * What the place says about itself; `null` where nothing has been said.
   *
   * @throws {SessionError} closed, busy, io
   */
  readLabel(): Promise<string | null>;
  /**
   * Gives the place this label, unless it has one: the first label stays. Of calls at the same time, by
   * whatever handle or process, one wins, and all get its label. It is as durable as a write of the store.
   *
   * @param label 1 to {@link MAX_LABEL_LENGTH} printable characters of ASCII.
   * @returns what the place says from now on.
   * @throws {SessionError} unsupported where the place may only be read; invalid_input, closed, busy, io
   */
  claimLabel(label: string): Promise<string>;
}

/** Does the store keep a label? */
export function isLabelled<S extends SessionStore>(store: S): store is S & LabelledStore {
  return "readLabel" in store && "claimLabel" in store;
}

/** For stores. @throws {SessionError} invalid_input for what is no label. */
export function checkLabel(label: string): string {
  if (typeof label === "string" && label.length <= MAX_LABEL_LENGTH && /^[ -~]+$/.test(label)) return label;
  throw invalidInput(`label: expected 1 to ${MAX_LABEL_LENGTH} printable characters of ASCII.`, {
    field: "label",
  });
}
