import { type FSWatcher, watch } from "node:fs";
import { sep } from "node:path";

/** The system watches what lies in a folder at any depth; elsewhere Node would watch every file by itself. */
const IS_RECURSIVE = process.platform === "darwin" || process.platform === "win32";
/** What a system lets a person watch is little, and is for all of their programs. */
const MAX_FOLDERS = 1000;

/**
 * Tells when a file may have come into one of some folders. Only to look earlier: what is missed, or cannot
 * be watched, the next look finds.
 */
export class FolderWatchers {
  readonly #ring: () => void;
  /** Null for what cannot be watched. */
  readonly #watchers = new Map<string, FSWatcher | null>();

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Of more folders than it watches, the last by name: many agents call them by the date. */
  watch(folders: Iterable<string>): void {
    const sorted = [...new Set(folders)].sort();
    const wanted = new Set((IS_RECURSIVE ? outermost(sorted) : sorted).slice(-MAX_FOLDERS));
    for (const [folder, watcher] of this.#watchers) {
      if (wanted.has(folder)) continue;
      watcher?.close();
      this.#watchers.delete(folder);
    }
    const added = [...wanted].filter((folder) => !this.#watchers.has(folder));
    for (const folder of added) this.#watchers.set(folder, this.#watcherOf(folder));
    // A file that has come since the look would be found by the next one only.
    if (added.length > 0) this.#ring();
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher?.close();
    this.#watchers.clear();
  }

  #watcherOf(folder: string): FSWatcher | null {
    try {
      const watcher = watch(folder, { recursive: IS_RECURSIVE, persistent: false });
      watcher.on("change", (event) => void (event === "rename" && this.#ring()));
      watcher.on("error", () => watcher.close());
      return watcher;
    } catch {
      // It has gone, or there are too many.
      return null;
    }
  }
}

/** Without those that lie in others. */
function outermost(sorted: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (const folder of sorted)
    if (!kept.some((outer) => folder.startsWith(outer.endsWith(sep) ? outer : outer + sep)))
      kept.push(folder);
  return kept;
}
