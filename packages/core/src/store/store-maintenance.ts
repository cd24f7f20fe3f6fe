import type { SessionId } from "../model/ids.ts";
import type { Durability } from "./durability.ts";

/** Something that a check has found. */
export interface StoreFinding {
  /**
   * What it is, in a word: `damaged` for what cannot be read; further words are the store's own, and its
   * package has the list.
   */
  readonly kind: string;
  /** For people. */
  readonly reason: string;
  /** The session that is concerned; absent for what concerns the whole store or no session. */
  readonly sessionId?: string | undefined;
  /** The file, where a store has one for each session. */
  readonly path?: string | undefined;
  /** In bytes from the start of the file. */
  readonly offset?: number | undefined;
  /** The part of the session, e.g. `entries[3].content`. */
  readonly field?: string | undefined;
}

/** What was recovered of one session. */
export interface RepairReport {
  readonly id: SessionId;
  /** The file that holds the damaged bytes as they were. */
  readonly kept: string;
  /** How many entries were recovered. */
  readonly entryCount: number;
  /** How many whole entries were left out, since one with their id stands before them. */
  readonly repeated: number;
  /** Where the damage began, in bytes from the start of the file, and what it was. */
  readonly offset: number;
  readonly reason: string;
  /**
   * `made_up`: it could not be read; what follows from the id and the entries stands there, with the tag
   * `recovered`.
   */
  readonly metadata: "kept" | "made_up";
  /** `lost`: there was none that could be read; it is empty now. */
  readonly context: "kept" | "lost";
}

/** A lock on a session, which a program holds or has left behind. */
export interface SessionLock {
  readonly sessionId: string;
  /** The file that is the lock. */
  readonly path: string;
  /** Who holds it, for people. */
  readonly holder: string;
  /**
   * What is certain of that program. Locks of those that have `ended` are taken over by the next program that
   * needs them; `unknown` ones, of other machines and of containers of which nothing can be seen, by nobody.
   */
  readonly owner: "lives" | "ended" | "unknown";
  /** It runs, or ran, where this process does: not in another container, not on another machine. */
  readonly isHere: boolean;
}

/** What was written of a damaged store into a new one. */
export interface RecoveryReport {
  readonly sessions: number;
  readonly entries: number;
  /** What could not be read, and what was put in its place, in words for people. */
  readonly problems: readonly { readonly sessionId: string; readonly message: string }[];
}

export interface BackupReport {
  readonly sessions: number;
  readonly bytes: number;
  /** What is wrong in the copy, as it is in the original. */
  readonly findings: readonly StoreFinding[];
}

export interface RestoreReport {
  readonly sessions: number;
  readonly bytes: number;
  /** What the file that was there before is called now; `null` where there was none. */
  readonly kept: string | null;
}

/** A file that may still hold what was deleted. */
export interface FileLeft {
  readonly path: string;
  /** Why, and what to do, in words for people. */
  readonly reason: string;
}

export interface VacuumReport {
  /** By how many bytes the files became shorter. */
  readonly bytesFreed: number;
  /** What vacuum could not clear, or does not touch, such as copies from before a migration. */
  readonly left: readonly FileLeft[];
}

interface MaintenanceOfAnyStore {
  /** The `kind` of the stores that are kept in such a place. */
  readonly kind: string;
  /** The file or folder; of a database its URL, without a password. */
  readonly place: string;
  /**
   * Reads everything and changes nothing. What cannot be read is a finding and stops nothing.
   *
   * @throws {SessionError} io, busy
   */
  check(): Promise<readonly StoreFinding[]>;
}

interface FileMaintenance extends MaintenanceOfAnyStore {
  /**
   * Takes what was deleted out of the files, and gives its space back to the file system.
   *
   * @throws {SessionError} busy, io, corrupt
   */
  vacuum(): Promise<VacuumReport>;
}

/** Of a store that keeps each session in a file of its own: one is repaired beside the others. */
export interface SessionwiseMaintenance extends FileMaintenance {
  readonly unit: "session";
  /**
   * Recovers what is whole in a damaged session. The bytes as they were are kept.
   *
   * @returns `null` when it is not damaged.
   * @throws {SessionError} not_found; unsupported for what is whole but cannot be read here; corrupt when
   * nothing can be
   *   recovered; busy, io.
   */
  repair(
    id: string,
    options?: { readonly durability?: Durability | undefined },
  ): Promise<RepairReport | null>;
  /**
   * The locks on sessions that are there now.
   *
   * @throws {SessionError} io
   */
  locks(): Promise<readonly SessionLock[]>;
  /**
   * Removes the lock of a session. For a lock whose owner is `unknown`, by somebody who knows that no program
   * writes to the session: if one does, what it writes may be lost.
   *
   * @returns the lock that was removed; `null` where there was none.
   * @throws {SessionError} busy while its owner lives; io.
   */
  unlock(id: string): Promise<SessionLock | null>;
}

/** Of a store that keeps all sessions in one file. */
export interface WholeStoreMaintenance extends FileMaintenance {
  readonly unit: "store";
  /**
   * Writes what can be read into a new place, and only reads this one.
   *
   * @throws {SessionError} invalid_input when there is something at `to`; corrupt when nothing can be read;
   * io.
   */
  recover(to: string): Promise<RecoveryReport>;
  /**
   * Copies the store as it is at one moment into a new place, while others use it, and checks the copy.
   *
   * @param options.signal ends it, with nothing left of it.
   * @throws {SessionError} invalid_input when there is something at `to`; io, busy, corrupt. @throws the
   * reason of the
   *   signal.
   */
  backup(to: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<BackupReport>;
  /**
   * Puts a backup into the place of the store: checked whole before anything is changed, in one step, with
   * the write-ahead logs of both taken into account. What was there before is kept under another name.
   *
   * @param from a file that `backup` has made, or any other file of such a store that is not in use.
   * @throws {SessionError} invalid_input where there is no such file; corrupt for a damaged backup;
   *   unsupported for what is none, and where something else is in the place of the store; busy while any
   *   program has the store or the backup open; io. Nothing is changed then.
   */
  restore(from: string): Promise<RestoreReport>;
}

/** Of a store in a database that has its own means to back up, restore and clean up. */
export interface DatabaseMaintenance extends MaintenanceOfAnyStore {
  readonly unit: "database";
  /**
   * Makes the tables, or brings them to this version, while others use them.
   *
   * @returns how many steps were taken; 0 where they are up to date.
   * @throws {SessionError} unsupported for tables of a newer version; busy, io.
   */
  migrate(): Promise<{ readonly applied: number }>;
}

/**
 * What maintains the place of a store, a file or a folder. It is no part of a `SessionStore`, since it has to
 * work where no store can be opened. `unit` says what can be mended by itself, and with that which calls
 * there are.
 */
export type StoreMaintenance = SessionwiseMaintenance | WholeStoreMaintenance | DatabaseMaintenance;
