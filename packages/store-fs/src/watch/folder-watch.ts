import fs from "node:fs";
import { join } from "node:path";
import type { SessionId } from "@thulp-sessions/core";
import { type ChangeFeed, isCanonicalUuid, Yielder } from "@thulp-sessions/core/store";
import { isRacy } from "../disk/file-clock.ts";
import { type FileStamp, infoOf, sameStamp, toStamp } from "../disk/file-stamp.ts";
import { reportsEveryChange } from "../disk/file-system.ts";
import { io } from "../disk/io-error.ts";
import { LOCKS_FOLDER } from "../disk/names.ts";

// Two sources, since neither is enough: the events of the system, and looks at every file.
//
// - Where the file system reports every change, and a first event has shown that events arrive, they are
//   nearly all. Only when more come than the system holds some are lost, without a word: so every file is
//   looked at too, but only after the folder or its locks were changed.
// - Elsewhere (a network drive, a file system that is not known, a system without events) every file is
//   looked at again and again.

/** How often it is found out whether every file has to be looked at. */
const POLL_MS = 500;

/** Looking takes no more than so large a part of the time, however large the folder. */
const LARGEST_SHARE = 0.05;

interface Known {
  readonly stamp: FileStamp;
  /** The file may have been changed since without its stamp showing it. */
  readonly racy: boolean;
}

/** Finds out what others change in the folder. */
export class FolderWatch {
  readonly #folder: string;
  readonly #changes: ChangeFeed;
  readonly #mayTouch: boolean;
  readonly #known = new Map<SessionId, Known>();
  #events: fs.FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isWatching = false;
  /** The file system reports every change to whoever listens. */
  #isReporting = false;
  #hasHeard = false;
  /** The times of the folder and its locks at the last look at every file. */
  #times = "";
  /** What is watched now; a look that began before the last stop reports nothing. */
  #generation = 0;

  /** @param mayTouch whether the folder may be written to, at least its mode. */
  constructor(folder: string, changes: ChangeFeed, mayTouch: boolean) {
    this.#folder = folder;
    this.#mayTouch = mayTouch;
    this.#changes = changes;
  }

  /** From when this resolves, changes are reported. */
  async start(): Promise<void> {
    const generation = ++this.#generation;
    this.#isWatching = true;
    this.#isReporting = this.#listen() && reportsEveryChange(this.#folder);
    await this.#lookAtAll(generation, false);
    if (generation === this.#generation) this.#waitForNextLook(POLL_MS);
  }

  stop(): void {
    this.#generation++;
    this.#isWatching = false;
    this.#hasHeard = false;
    this.#events?.close();
    this.#events = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#known.clear();
  }

  /** A change of ours, which has been reported already. */
  note(id: SessionId, stamp: FileStamp | undefined): void {
    if (!this.#isWatching) return;
    if (stamp) this.#known.set(id, { stamp: toStamp(stamp), racy: false });
    else this.#known.delete(id);
  }

  /** False where the system has no events left, or none at all. */
  #listen(): boolean {
    try {
      this.#events = fs.watch(this.#folder, { persistent: false }, (_, name) => this.#onEvent(name));
      this.#events.on("error", () => this.#withoutEvents());
    } catch {
      return false;
    }
    if (!this.#mayTouch) return true;
    try {
      // Changes nothing, and is an event: that of an owner who listens.
      fs.chmodSync(this.#folder, fs.statSync(this.#folder).mode);
    } catch {
      // Not the owner: the first change shows it.
    }
    return true;
  }

  #withoutEvents(): void {
    this.#events?.close();
    this.#events = undefined;
    this.#isReporting = false;
    this.#changes.reset();
  }

  #onEvent(name: string | null): void {
    this.#hasHeard = true;
    if (name === null) {
      // The system has lost some.
      void this.#lookAtAll(this.#generation, true);
      return;
    }
    const id = idOf(name);
    if (id !== null) this.#look(id, true);
  }

  #waitForNextLook(afterMs: number): void {
    const generation = this.#generation;
    this.#timer = setTimeout(async () => {
      const begun = performance.now();
      const isReliable = this.#isReporting && this.#hasHeard;
      if (!isReliable || this.#times !== this.#timesNow()) await this.#lookAtAll(generation, true);
      if (generation !== this.#generation) return;
      this.#waitForNextLook(Math.max(POLL_MS, (performance.now() - begun) / LARGEST_SHARE));
    }, afterMs);
    this.#timer.unref();
  }

  async #lookAtAll(generation: number, report: boolean): Promise<void> {
    const yielder = new Yielder();
    try {
      this.#times = this.#timesNow();
      for (const id of new Set([...this.#known.keys(), ...this.#ids()])) {
        await yielder.yieldIfDue();
        if (generation !== this.#generation) return;
        this.#look(id, report);
      }
    } catch {
      // The folder cannot be read now; a call of the store says so. The next look may find it again.
    }
  }

  /**
   * @param report whether a change is reported, also one that may not have been one: the file was racy at the
   * last look.
   */
  #look(id: SessionId, report: boolean): void {
    const before = this.#known.get(id);
    let now: ReturnType<typeof infoOf>;
    try {
      now = infoOf(join(this.#folder, `${id}.json`));
    } catch {
      // The same for one file.
      return;
    }
    if (now?.kind === "file") {
      if (before && !before.racy && sameStamp(before.stamp, now)) return;
      this.#known.set(id, { stamp: toStamp(now), racy: isRacy(now.ctimeMs) });
      if (report) this.#changes.emit(before ? "changed" : "created", id);
    } else if (before) {
      this.#known.delete(id);
      if (report) this.#changes.emit("deleted", id);
    }
  }

  /**
   * Every new, removed and replaced file changes that of the folder, every lock of a writer of ours that of
   * the locks.
   */
  #timesNow(): string {
    return [this.#folder, join(this.#folder, LOCKS_FOLDER)]
      .map((folder) => fs.statSync(folder, { throwIfNoEntry: false })?.mtimeMs)
      .join();
  }

  #ids(): SessionId[] {
    return io(this.#folder, "list", () => fs.readdirSync(this.#folder)).flatMap((name) => idOf(name) ?? []);
  }
}

function idOf(name: string): SessionId | null {
  const stem = name.endsWith(".json") ? name.slice(0, -".json".length) : "";
  return isCanonicalUuid(stem) ? (stem as SessionId) : null;
}
