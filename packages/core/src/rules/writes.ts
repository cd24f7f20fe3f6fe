// What a write is given and what it answers: the store's methods and the rules that decide about them share
// these.
import type { EntryId, SessionId } from "../model/ids.ts";
import type { JsonValue } from "../model/json.ts";
import type { SessionStatus, SessionType, Timestamp } from "../model/model.ts";
import type { LimitReached, SessionLimits } from "./limits.ts";

/** The options of a write. */
export interface WriteOptions {
  /** The time of the call, for `updatedAt`. A store never reads a clock. */
  readonly at: Timestamp;
  /** Refuse with `conflict` unless the session still has this version. */
  readonly expectedVersion?: string | undefined;
}

/** The options of an append. */
export interface AppendOptions extends WriteOptions {
  /**
   * Refuse with `conflict` unless the session still has this epoch: entries that others have added meanwhile
   * are no conflict, others that were removed are.
   */
  readonly expectedEpoch?: string | undefined;
  /** Checked atomically with the append; none when absent. */
  readonly limits?: SessionLimits | undefined;
  /**
   * Replaces the tail of the session: the entries from this `seq` on are dropped in the same step, but those
   * that the batch begins with. Only with `expectedVersion`.
   */
  readonly keep?: number | undefined;
  /** Sets these keys of the context in the same step, where anything is appended. */
  readonly setContext?: Readonly<Record<string, JsonValue>> | undefined;
  /** Removes these keys of the context likewise; one that is also in `setContext` is set. */
  readonly removeContext?: readonly string[] | undefined;
}

/** A change of a session's metadata or context. What is absent stays as it is. */
export interface SessionChange {
  readonly name?: string | undefined;
  readonly sessionType?: SessionType | undefined;
  readonly status?: SessionStatus | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly parentSession?: SessionId | null | undefined;
  /** Replaces the whole context. Not together with `setContext` and `removeContext`. */
  readonly context?: Readonly<Record<string, JsonValue>> | undefined;
  /** Sets these keys of the context; the others stay. A key that is also in `removeContext` is set. */
  readonly setContext?: Readonly<Record<string, JsonValue>> | undefined;
  /** Removes these keys of the context, whether they are there or not. */
  readonly removeContext?: readonly string[] | undefined;
}

/** What an append did with one entry. */
export interface AppendedEntry {
  readonly id: EntryId;
  /** The position of the stored entry. */
  readonly seq: number;
  /** The one that is stored: of an entry that was there already, not the one that was given. */
  readonly timestamp: Timestamp;
  /** False when it was there already, with the same type and content. */
  readonly added: boolean;
}

/** The answer of an append. */
export interface AppendResult {
  /** One for each given entry, in their order. */
  readonly entries: readonly AppendedEntry[];
  /** This and what follows: of the session after the append. */
  readonly entryCount: number;
  readonly status: SessionStatus;
  readonly updatedAt: Timestamp;
  readonly version: string;
  readonly epoch: string;
  /** The limit that the session has reached with this append; `null` when there is none. */
  readonly limit: LimitReached | null;
}
