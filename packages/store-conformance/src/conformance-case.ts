import type { SessionStore } from "@thulp-sessions/core";

/** A fresh, empty place for sessions: a folder, a database, a server. */
export interface Subject {
  /** One more handle on this place. The suite closes it. */
  open(): Promise<SessionStore>;
  /**
   * One more handle on this place that is not `writable`. The suite closes it. Absent for a store that has no
   * such handles.
   */
  openReadOnly?(): Promise<SessionStore>;
  /** Called once, when every handle of the case is closed: remove the place. */
  dispose(): Promise<void>;
}

/** Makes a place of its own at every call. */
export type SubjectFactory = () => Promise<Subject>;

/** One checked behaviour. `run` rejects when the store does not show it. */
export interface ConformanceCase {
  /** Stable, e.g. `append-batch-order`. */
  readonly id: string;
  /** The clauses of docs/store-contract.md that it checks. */
  readonly clauses: readonly string[];
  /** For people; the id is not part of it. */
  readonly name: string;
  run(factory: SubjectFactory): Promise<void>;
}

/** What a case may do beyond using its first handle. */
export interface CasePlace {
  /** One more handle on the same place. */
  open(): Promise<SessionStore>;
  /** One more that is not writable; `null` where the store has no such handles. */
  openReadOnly(): Promise<SessionStore | null>;
}

/**
 * Makes a case: opens the first handle for it, closes every handle it has opened, and disposes of the place.
 */
export function conformanceCase(
  id: string,
  clauses: readonly string[],
  name: string,
  check: (store: SessionStore, place: CasePlace) => Promise<void>,
): ConformanceCase {
  return {
    id,
    clauses,
    name,
    async run(factory) {
      const subject = await factory();
      const handles: SessionStore[] = [];
      const kept = <S extends SessionStore | null>(handle: S): S => {
        if (handle) handles.push(handle);
        return handle;
      };
      const open = async () => kept(await subject.open());
      const openReadOnly = async () => kept((await subject.openReadOnly?.()) ?? null);
      try {
        await check(await open(), { open, openReadOnly });
      } catch (error) {
        // What went wrong first is what the reader needs; a failing cleanup after it would only hide it.
        await cleanUp(handles, subject).catch(() => {});
        throw error;
      }
      await cleanUp(handles, subject);
    },
  };
}

async function cleanUp(handles: readonly SessionStore[], subject: Subject): Promise<void> {
  const closed = await Promise.allSettled(handles.map((handle) => handle.close()));
  await subject.dispose();
  for (const result of closed) if (result.status === "rejected") throw result.reason;
}
