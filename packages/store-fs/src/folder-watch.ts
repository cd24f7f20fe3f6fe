import fs from "node:fs";
import { join } from "node:path";
import { type ChangeFeed, isCanonicalUuid, type SessionId } from "@thulp-sessions/core";
import { type FileStamp, io, sameStamp, stampOf } from "./disk.ts";
import { isPast } from "./file-times.ts";

/** How often the whole folder is looked at where the system reports no events, and to be sure where it does. */
const POLL_MS = 500;
const POLL_BESIDE_EVENTS_MS = 5_000;

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

  constructor(folder: string, changes: ChangeFeed) {
    this.#folder = folder;
    this.#changes = changes;
  }

  start(): void {
    for (const id of this.#ids()) {
      const stamp = stampOf(this.#pathOf(id));
      if (stamp) this.#known.set(id, { stamp, settled: isPast(stamp.changedNs) });
    }
    try {
      this.#events = fs.watch(this.#folder, { persistent: false }, (_, name) => this.#onEvent(name));
      this.#events.on("error", () => this.#pollOnly());
    } catch {
      // Where the system has no events left or none at all, looking has to do.
    }
    this.#poll(this.#events ? POLL_BESIDE_EVENTS_MS : POLL_MS);
    // What has changed between the first look and the first event.
    this.#lookAtAll(false);
  }

  stop(): void {
    this.#events?.close();
    this.#events = undefined;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#known.clear();
  }

  /** A change of ours, which has been reported already. */
  note(id: SessionId, stamp: FileStamp | undefined): void {
    if (!this.#timer) return;
    if (stamp) this.#known.set(id, { stamp, settled: true });
    else this.#known.delete(id);
  }

  #poll(everyMs: number): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#lookAtAll(), everyMs);
    this.#timer.unref();
  }

  #pollOnly(): void {
    this.#events?.close();
    this.#events = undefined;
    if (this.#timer) this.#poll(POLL_MS);
  }

  #onEvent(name: string | null): void {
    const id = name === null ? null : idOf(name);
    if (name === null) this.#lookAtAll();
    else if (id) this.#lookAt([id]);
  }

  #lookAtAll(doubtful = true): void {
    try {
      this.#lookAt(new Set([...this.#known.keys(), ...this.#ids()]), doubtful);
    } catch {
      // The folder cannot be read now; whoever calls the store is told so. The next look may find it again.
    }
  }

  #lookAt(ids: Iterable<SessionId>, doubtful = true): void {
    for (const id of ids) {
      try {
        this.#look(id, doubtful);
      } catch {
        // The same for one file.
      }
    }
  }

  /** @param doubtful whether a change is told that may not have been one, since the clock had not ticked at the last look. */
  #look(id: SessionId, doubtful: boolean): void {
    const before = this.#known.get(id);
    const now = stampOf(this.#pathOf(id));
    if (now?.kind === "file") {
      const same = before !== undefined && sameStamp(before.stamp, now);
      if (same && before.settled) return;
      this.#known.set(id, { stamp: now, settled: isPast(now.changedNs) });
      if (same && !doubtful) return;
      this.#changes.emit(before ? "changed" : "created", id);
    } else if (before) {
      this.#known.delete(id);
      this.#changes.emit("deleted", id);
    }
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
