import type { Semaphore } from "../async/semaphore.ts";
import type { SessionId } from "../model/ids.ts";
import type { StoreWarning } from "../store/warnings.ts";

/** What moves sessions between two stores in their stored form, without parsing them. */
export interface RawCopy {
  /**
   * Is the session stored with the same bytes in both?
   *
   * @throws {SessionError} not_found; conflict when it is written to meanwhile.
   */
  isSame(id: SessionId): Promise<boolean>;
  /**
   * Copies the stored form, and compares what arrived with its source.
   *
   * @param expectedVersion of the session in the target that is replaced; absent where there is none.
   * @throws {SessionError} not_found; already_exists, conflict; conflict also when it is written to
   *   meanwhile.
   */
  copy(id: SessionId, expectedVersion?: string): Promise<void>;
}

/** What the copies of all sessions share. */
export interface CopyRules {
  readonly onConflict: "keep" | "newer" | "replace";
  readonly allowLossy: boolean;
  readonly raw: RawCopy | undefined;
  readonly signal: AbortSignal | undefined;
  /** Called as entries are written. */
  readonly onEntries: (count: number) => void;
  /**
   * Acquired before any entry is read, released as soon as the session is known to be small, or when it is
   * done.
   */
  readonly largeSessions: Semaphore;
  /** Held while a session is written in parts: one at a time. */
  readonly writeMutex: Semaphore;
}

/** Where numbers are that JavaScript can only round: the `seq` of entries, or the context. */
export type InexactPlaces = readonly (number | "context")[];

/** What became of one session. `gone`: it was deleted before it could be read. */
export type CopyOutcome =
  | { readonly kind: "copied" | "equal" | "replaced" | "conflict" | "gone" }
  | { readonly kind: "inexact"; readonly places: InexactPlaces }
  | { readonly kind: "unreadable" | "refused"; readonly warning: StoreWarning };
