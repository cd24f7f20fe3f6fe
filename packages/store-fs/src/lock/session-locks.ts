import { isSessionError } from "@thulp-sessions/core";
import { Yielder } from "@thulp-sessions/core/store";
import type { FileClock } from "../disk/file-clock.ts";
import { busyError, isContended, LockFiles, requestRelease } from "./lock-files.ts";

// A lease has three states, and only `hold` and `#release` change them:
//
//   working   held, and work goes on under it
//   idle      held, no work: kept for the next piece of work, since taking a lock costs more than an append
//   released  not in #leases any more, its file removed
//
// An idle lease ends at the next turn of the event loop; when another process waits for it, at the latest
// after LONGEST_LEASE_MS; and when MOST_LEASES are held, the one that was used least recently goes first. So
// neither a loop that never lets the event loop turn nor many calls that come together leave more locks, or
// open files, than that.

/**
 * How long to wait before looking at a held lock again: doubled each time from the first to the last, in ms.
 */
const FIRST_WAIT_MS = 1;
const LAST_WAIT_MS = 20;

/** How often a lock is looked at before a call gives up. */
const FEWEST_TRIES = 10;

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
  /** It is one of those that are held or being acquired; before that it waits for room. */
  counts: boolean;
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
  readonly #yielder = new Yielder();
  /** Locks that were released because another process waits for them, and when. */
  readonly #ceded = new Map<string, number>();
  #releaseError: unknown;
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
    // Calls that come together would otherwise keep each other in the microtasks until all are done.
    if (this.#yielder.isDue()) await this.#yielder.yieldToEventLoop();
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

  /**
   * Removes the locks and the files that dead processes have left, where nobody else does it: nobody may ever
   * ask for them.
   */
  async clearAbandoned(): Promise<void> {
    let names: string[] = [];
    try {
      names = await this.#files.findAbandoned();
    } catch (error) {
      // A process that may only read here leaves them to others.
      if (!isSessionError(error)) throw error;
    }
    for (const name of names) {
      await this.hold(name, async () => {}, { timeoutMs: 0 }).catch((error) => {
        if (!isSessionError(error)) throw error;
      });
    }
    try {
      // After their locks, of which some can be told to be theirs by nothing else.
      await this.#files.removeDeadOwners();
    } catch (error) {
      if (!isSessionError(error)) throw error;
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
    }
    await this.#waitForOthers(name);
    const lock = this.#files.pathOf(name);
    // From now on other calls for the same name wait for this one.
    const lease: Lease = { lock, onRelease, since: 0, working: true, counts: false, waiting: [] };
    this.#leases.set(name, lease);
    try {
      await this.#waitForRoom(lease);
      await this.#acquire(lock, timeoutMs);
    } catch (error) {
      this.#forget(name, lease);
      throw error;
    }
    lease.since = performance.now();
    return lease;
  }

  /** A process that waits for a lock looks again within this time. */
  async #waitForOthers(name: string): Promise<void> {
    const ceded = this.#ceded.get(name);
    if (ceded === undefined) return;
    this.#ceded.delete(name);
    const left = ceded + LAST_WAIT_MS - performance.now();
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  }

  /** Until one more lock may be held; it counts from then on. */
  async #waitForRoom(lease: Lease): Promise<void> {
    this.#releaseExpired();
    while (this.#held >= MOST_LEASES) {
      // Nobody would ever wake this call.
      if (![...this.#leases.values()].some(({ working, counts }) => working && counts))
        throw this.#releaseError;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.#releaseExpired();
    }
    this.#held++;
    lease.counts = true;
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

  /**
   * Where the disk refuses even that, the lock stays ours: the next work on the session finds it held, and
   * tries again.
   */
  #release(name: string): void {
    const lease = this.#leases.get(name);
    if (!lease) return;
    try {
      lease.onRelease();
      if (this.#files.release(lease.lock)) this.#cede(name);
    } catch (error) {
      // A process that needs the lock hears that it is busy, and by whom.
      this.#releaseError = error;
      return;
    }
    this.#forget(name, lease);
  }

  #cede(name: string): void {
    if (this.#ceded.size >= MOST_LEASES) this.#ceded.clear();
    this.#ceded.set(name, performance.now());
  }

  #forget(name: string, lease: Lease): void {
    this.#leases.delete(name);
    if (lease.counts) this.#held--;
    for (const wake of lease.waiting.splice(0)) wake();
    this.#waiting.shift()?.();
  }

  async #acquire(lock: string, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    let wait = FIRST_WAIT_MS;
    for (let tries = 1; !this.#files.tryAcquire(lock); tries++) {
      if (await this.#files.tryTakeOver(lock)) return;
      // A process that was held up itself has not looked often by then.
      const isOver = performance.now() >= deadline && (tries >= FEWEST_TRIES || timeoutMs === 0);
      if (isOver) throw busyError(lock, timeoutMs);
      requestRelease(lock);
      await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random() / 2)));
      wait = Math.min(wait * 2, LAST_WAIT_MS);
    }
  }
}
