import { isSessionError } from "@thulp-sessions/core";
import type { FileClock } from "../disk/file-clock.ts";
import { busyError, isContended, LockFiles, requestRelease } from "./lock-files.ts";

// A lease has three states, and only `hold` and `#release` change them:
//
//   working   held, and work goes on under it
//   idle      held, no work: kept for the next piece of work, since taking a lock costs more than an append
//   released  not in #leases any more, its file removed
//
// An idle lease ends at the next turn of the event loop; when another process waits for it, at the latest after
// LONGEST_LEASE_MS; and when MOST_LEASES are held, the one that was used least recently goes first. So neither a loop that
// never lets the event loop turn nor many calls that come together leave more locks, or open files, than that.

/** How long to wait before looking at a held lock again: doubled each time from the first to the last, in ms. */
const FIRST_WAIT_MS = 1;
const LAST_WAIT_MS = 20;

/** How long a lock is kept at most while others wait for it, in ms. */
const LONGEST_LEASE_MS = 5;

/** How many locks one store holds at most. */
const MOST_LEASES = 128;

interface Lease {
  readonly lock: string;
  readonly onRelease: () => void;
  /** When it was taken, or last found that nobody waits for it. */
  since: number;
  working: boolean;
  /** Calls for the same name that wait until this one is idle. */
  readonly waiting: (() => void)[];
}

interface HoldOptions {
  /** How long to wait for others; that of the store when absent. */
  readonly timeoutMs?: number;
  /** Called when the lock is released, which may be some pieces of work later. */
  readonly onRelease?: () => void;
}

/** The locks that one store holds, by the names of its sessions. */
export class SessionLocks {
  readonly #files: LockFiles;
  readonly #timeoutMs: number;
  /** The least recently used first. */
  readonly #leases = new Map<string, Lease>();
  /** Calls that wait until one of too many leases is idle, in their order. */
  readonly #waiting: (() => void)[] = [];
  /** How many locks are held or being waited for. */
  #held = 0;
  #endOfTurn: NodeJS.Immediate | undefined;

  /** @param timeoutMs how long to wait for others before the call fails with `busy`. */
  constructor(sessionsFolder: string, timeoutMs: number, clock: FileClock) {
    this.#files = new LockFiles(sessionsFolder, clock);
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Runs `work` while nobody else holds the lock of that name, in this store, in others, in other processes.
   *
   * @throws {SessionError} busy when another process holds it for too long.
   */
  async hold<T>(name: string, work: () => Promise<T>, options: HoldOptions = {}): Promise<T> {
    for (let busy = this.#leases.get(name); busy?.working; busy = this.#leases.get(name)) {
      const { waiting } = busy;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    const lease = this.#reusable(name) ?? (await this.#take(name, options));
    lease.working = true;
    this.#leases.delete(name);
    this.#leases.set(name, lease);
    try {
      return await work();
    } finally {
      lease.working = false;
      lease.waiting.shift()?.();
      this.#waiting.shift()?.();
      this.#endOfTurn ??= setImmediate(() => this.#releaseIdle());
    }
  }

  /** Removes the locks and the files that dead processes have left, where nobody else does it: nobody may ever ask for them. */
  async clearAbandoned(): Promise<void> {
    let names: string[] = [];
    try {
      names = this.#files.findAbandoned();
    } catch (error) {
      // A process that may only read here leaves them to others.
      if (!isSessionError(error)) throw error;
    }
    for (const name of names) {
      await this.hold(name, async () => {}, { timeoutMs: 0 }).catch((error) => {
        if (!isSessionError(error)) throw error;
      });
    }
  }

  /** After the last call has ended. */
  close(): void {
    clearImmediate(this.#endOfTurn);
    for (const name of [...this.#leases.keys()]) this.#release(name);
    this.#files.close();
  }

  /** Young enough that no other process waits for it too long. */
  #reusable(name: string): Lease | undefined {
    const lease = this.#leases.get(name);
    return lease && performance.now() - lease.since < LONGEST_LEASE_MS ? lease : undefined;
  }

  async #take(
    name: string,
    { timeoutMs = this.#timeoutMs, onRelease = () => {} }: HoldOptions,
  ): Promise<Lease> {
    const known = this.#leases.get(name);
    if (known) {
      if (this.#files.isOurs(known.lock) && !isContended(known.lock)) {
        known.since = performance.now();
        return known;
      }
      this.#release(name);
      if (this.#leases.has(name)) return known;
      // A process that waits looks again within this time.
      await new Promise((resolve) => setTimeout(resolve, LAST_WAIT_MS));
    }
    const lock = this.#files.pathOf(name);
    // From now on other calls for the same name wait for this one.
    const lease: Lease = { lock, onRelease, since: performance.now(), working: true, waiting: [] };
    this.#leases.set(name, lease);
    await this.#waitForRoom();
    try {
      await this.#acquire(lock, timeoutMs);
    } catch (error) {
      this.#forget(name, lease);
      throw error;
    }
    lease.since = performance.now();
    return lease;
  }

  /** Until one more lock may be held; it counts from then on. */
  async #waitForRoom(): Promise<void> {
    this.#releaseExpired();
    while (this.#held >= MOST_LEASES) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.#releaseExpired();
    }
    this.#held++;
  }

  /** Idle leases that are old, and if there are too many the least recently used. */
  #releaseExpired(): void {
    const expired = performance.now() - LONGEST_LEASE_MS;
    for (const [name, { working, since }] of this.#leases) {
      if (since > expired && this.#held < MOST_LEASES) return;
      if (!working) this.#release(name);
    }
  }

  #releaseIdle(): void {
    this.#endOfTurn = undefined;
    for (const [name, { working }] of this.#leases) if (!working) this.#release(name);
  }

  /** Where the disk refuses even that, the lock stays ours: the next work on the session finds it held, and tries again. */
  #release(name: string): void {
    const lease = this.#leases.get(name);
    if (!lease) return;
    try {
      lease.onRelease();
      this.#files.release(lease.lock);
    } catch {
      // Nobody waits for this call; a process that needs the lock is told that it is busy, and by whom.
      return;
    }
    this.#forget(name, lease);
  }

  #forget(name: string, lease: Lease): void {
    this.#leases.delete(name);
    this.#held--;
    for (const wake of lease.waiting.splice(0)) wake();
    this.#waiting.shift()?.();
  }

  async #acquire(lock: string, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (let wait = FIRST_WAIT_MS; !this.#files.tryAcquire(lock); wait = Math.min(wait * 2, LAST_WAIT_MS)) {
      if (performance.now() >= deadline) throw busyError(lock, timeoutMs);
      requestRelease(lock);
      await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random() / 2)));
    }
  }
}
