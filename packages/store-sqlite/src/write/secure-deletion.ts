import { SessionError } from "@thulp-sessions/core";
import type { Database } from "../connection/database.ts";
import { emptyWal } from "../connection/wal-size.ts";
import type { SearchIndex } from "../search/search-index.ts";
import type { GroupCommit } from "./group-commit.ts";

/** What one step of merging the index writes at first, in pages of 4 KiB: some 15 ms. */
const FIRST_STEP_PAGES = 64;
/** Each step is so much larger, so that merging ends also while others keep adding to the index. */
const STEP_GROWTH = 1.01;

interface Parts {
  readonly database: Database;
  readonly searchIndex: SearchIndex;
  readonly commits: GroupCommit;
  /** Called with the reason why what was deleted is still in a file. */
  readonly onError: (error: unknown) => void;
}

/**
 * For `deletion: "secure"`: takes out of the files what calls have deleted, before they are answered. In the
 * tables SQLite has overwritten it by then (`PRAGMA secure_delete`); its words are still in the index for
 * search, and older states of the pages in the WAL and, until that is written into it, in the database.
 */
export class SecureDeletion {
  readonly #parts: Parts;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Resolves when what was deleted before this call is in no file any more, or when `onError` was told why it
   * is. Calls that come together share the work. Never rejects: what was deleted stays deleted.
   */
  finish(): Promise<void> {
    if (!this.#running) return this.#start();
    // The one that is running may have passed by what this call is about.
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#start();
    });
    return this.#next;
  }

  #start(): Promise<void> {
    this.#running = this.#eraseAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #eraseAll(): Promise<void> {
    const { database, onError } = this.#parts;
    try {
      await this.#dropWords();
      if (!(await emptyWal(database))) onError(walInUse(database.file));
    } catch (error) {
      onError(error);
    }
  }

  async #dropWords(): Promise<void> {
    const { searchIndex, commits } = this.#parts;
    const { merges } = searchIndex;
    if (!merges.holdsDeletedWords) return;
    for (let pages = FIRST_STEP_PAGES; ; pages *= STEP_GROWTH)
      if (await commits.maintain(() => merges.dropDeletedWords(Math.round(pages)))) return;
  }
}

function walInUse(file: string): SessionError {
  const path = `${file}-wal`;
  return new SessionError("busy", `${path} is being read by another program.`, { details: { path } });
}
