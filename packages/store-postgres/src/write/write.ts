import type { AppendOptions, SessionEntry, SessionId, StoredEntry } from "@thulp-sessions/core";
import type { Result, Statement } from "../connection/connection.ts";
import type { HeadState } from "../tables/rows.ts";

/** A session at the moment at which a write is planned: locked, or as this handle has left it. */
export interface SessionNow {
  /** `null`: there is none. */
  readonly state: HeadState | null;
  /** What the version of the session becomes. */
  readonly next: Pick<HeadState, "revision" | "stamp">;
  /** Microseconds of the database's clock, for a new epoch. */
  readonly clock: number;
  /** The stored entries with this id: of those that an append has given only. */
  findEntries(id: string): readonly StoredEntry[];
}

/** A call that writes one session. */
export interface Write<T = unknown> {
  readonly id: SessionId;
  /** Roughly what it sends. */
  readonly bytes: number;
  /** Of an append that only adds: it may share a commit with others of its session. */
  readonly added?: { readonly entries: readonly SessionEntry[]; readonly options: AppendOptions };
  /** What has to be read of the session once it is locked, beside its head. */
  readonly reads: readonly Statement[];
  /**
   * Decides what is written. A pure function, called again where the session was changed meanwhile.
   *
   * @param results of {@link reads}.
   * @throws {SessionError} what the call is refused with; then nothing of it is written.
   */
  plan(now: SessionNow, results: readonly Result[]): Planned<T>;
}

/** What a write does. */
export interface Planned<T> {
  /** The answer of the call. */
  readonly value: T;
  /** Absent where nothing is written. */
  readonly change?: Change | undefined;
}

interface Change {
  readonly kind: ChangeKind;
  /** The head's row afterwards; `null` for a session that is deleted. */
  readonly state: HeadState | null;
  /** What is sent before the entries are inserted. */
  readonly statements: readonly Statement[];
  /** These follow the first so many that stay. */
  readonly entries: readonly SessionEntry[];
  /** The contents of these entries as JSON, where they have been made. */
  readonly contents?: readonly string[] | undefined;
  readonly firstSeq: number;
  /** The index for search has nothing of the entries from this `seq` on any more; -1: nor of the name. */
  readonly voidsIndexFrom?: number | undefined;
  /** What another program that indexes the session now has read of its name is void. */
  readonly isRenamed?: boolean;
}

export type ChangeKind = "created" | "changed" | "deleted";
