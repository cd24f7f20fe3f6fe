import fs from "node:fs";
import { join } from "node:path";
import type { SessionId } from "@thulp-sessions/core";
import { type ChangeFeed, isCanonicalUuid } from "@thulp-sessions/core/store";
import { isPast } from "../disk/file-clock.ts";
import { type FileStamp, sameStamp, stampOf } from "../disk/file-stamp.ts";
import { io } from "../disk/io-error.ts";

/**
 * How often the whole folder is looked at: until an event of the system has told of a change, and again for good when a look
 * finds one that no event has told of, as on some shared folders; and to be sure where events do work.
 */
const POLL_MS = 500;
const POLL_BESIDE_EVENTS_MS = 5_000;

/** Looking takes no more than so large a part of the time, however large the folder. */
const LARGEST_SHARE = 0.05;

interface Known {
  readonly stamp: FileStamp;
  /** Whoever writes after that makes it another one; else something else may stand there under the same stamp. */
  readonly settled: boolean;
}

/** Finds out what others change in the folder, from the events of the system and by looking. */
export class FolderWatch {
  readonly #folder: string;
  readonly #changes: ChangeFeed;
  readonly #known = new Map<SessionId, Known>();
  #events: fs.FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Whether events tell of everything. */
  #trust: "unproven" | "yes" | "no" = "unproven";
  #watching = false;

  constructor(folder: string, changes: ChangeFeed) {
    this.#folder = folder;
    this.#changes = changes;
  }

  start(): void {
    for (const id of this.#ids()) {
      const stamp = stampOf(this.#pathOf(id));
      if (stamp) this.#known.set(id, { stamp, settled: isPast(stamp.changedMs) });
    }
    try {
      this.#events = fs.watch(this.#folder, { persistent: false }, (_, name) => this.#onEvent(name));
      this.#events.on("error", () => this.#withoutEvents());
    } catch {
      // Where the system has no events left or none at all, looking has to do.
      this.#trust = "no";
    }
    // What has changed between the first look and the first event.
    this.#lookAtAll(false);
    this.#watching = true;
    this.#waitForNextLook(POLL_MS);
  }

  stop(): void {
    this.#events?.close();
    this.#events = undefined;
    clearTimeout(this.#timer);
    this.#watching = false;
    this.#trust = "unproven";
    this.#known.clear();
  }

  /** A change of ours, which has been reported already. */
  note(id: SessionId, stamp: FileStamp | undefined): void {
    if (!this.#watching) return;
    if (stamp) this.#known.set(id, { stamp, settled: true });
    else this.#known.delete(id);
  }

  #waitForNextLook(afterMs: number): void {
    this.#timer = setTimeout(() => {
      const start = performance.now();
      // After events that were on their way.
      const found = this.#lookAtAll();
      if (found) this.#trust = "no";
      const everyMs = this.#trust === "yes" ? POLL_BESIDE_EVENTS_MS : POLL_MS;
      this.#waitForNextLook(Math.max(everyMs, (performance.now() - start) / LARGEST_SHARE));
    }, afterMs);
    this.#timer.unref();
  }

  #withoutEvents(): void {
    this.#events?.close();
    this.#events = undefined;
    this.#trust = "no";
  }

  #onEvent(name: string | null): void {
    const id = name === null ? null : idOf(name);
    const found = name === null ? this.#lookAtAll() : id !== null && this.#lookAt([id]);
    if (found && this.#trust === "unproven") this.#trust = "yes";
  }

  /** True when something has changed. */
  #lookAtAll(doubtful = true): boolean {
    try {
      return this.#lookAt(new Set([...this.#known.keys(), ...this.#ids()]), doubtful);
    } catch {
      // The folder cannot be read now; whoever calls the store is told so. The next look may find it again.
      return false;
    }
  }

  #lookAt(ids: Iterable<SessionId>, doubtful = true): boolean {
    let found = false;
    for (const id of ids) {
      try {
        if (this.#look(id, doubtful)) found = true;
      } catch {
        // The same for one file.
      }
    }
    return found;
  }

  /**
   * True when it has certainly changed.
   *
   * @param doubtful whether a change is told that may not have been one, since the clock had not ticked at the last look.
   */
  #look(id: SessionId, doubtful: boolean): boolean {
    const before = this.#known.get(id);
    const now = stampOf(this.#pathOf(id));
    if (now?.kind === "file") {
      const same = before !== undefined && sameStamp(before.stamp, now);
      if (same && before.settled) return false;
      this.#known.set(id, { stamp: now, settled: isPast(now.changedMs) });
      if (same && !doubtful) return false;
      this.#changes.emit(before ? "changed" : "created", id);
      return !same;
    }
    if (!before) return false;
    this.#known.delete(id);
    this.#changes.emit("deleted", id);
    return true;
  }

  #ids(): SessionId[] {
    return io(this.#folder, "list", () => fs.readdirSync(this.#folder)).flatMap((name) => idOf(name) ?? []);
  }

  #pathOf(id: SessionId): string {
    return join(this.#folder, `${id}.json`);
  }
}

function idOf(name: string): SessionId | null {
  const stem = name.endsWith(".json") ? name.slice(0, -".json".length) : "";
  return isCanonicalUuid(stem) ? (stem as SessionId) : null;
}
