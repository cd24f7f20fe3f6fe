import type { Database } from "../connection/database.ts";
import { usingIndex } from "./damaged-index.ts";

/** What one step of merging writes, in pages of the index, 4 KiB each. */
const STEP_PAGES = 64;

/**
 * The merging of what FTS5 has written: every transaction leaves a piece, a search looks into all of them,
 * and what is deleted goes only when its piece is merged. FTS5 by itself merges within the commits of those
 * who add, for which all other calls wait.
 */
export class IndexMerges {
  readonly #file: string;
  readonly #isOurs;
  readonly #takeOver;
  readonly #merge;
  readonly #optimize;
  readonly #totalChanges;
  #holdsDeletedWords = false;

  constructor({ client, file }: Pick<Database, "client" | "file">) {
    this.#file = file;
    // The setting lies in the file, where an older program finds it too: FTS5 then merges for it when there
    // are 16 pieces of a size.
    this.#isOurs = client
      .prepare<[], number>("SELECT v = 0 FROM search_index_config WHERE k = 'automerge'")
      .pluck();
    this.#takeOver = client.prepare("INSERT INTO search_index (search_index, rank) VALUES ('automerge', 0)");
    this.#merge = client.prepare<[number]>(
      "INSERT INTO search_index (search_index, rank) VALUES ('merge', ?)",
    );
    this.#optimize = client.prepare("INSERT INTO search_index (search_index) VALUES ('optimize')");
    this.#totalChanges = client.prepare<[], number>("SELECT total_changes()").pluck();
  }

  /** Keeps FTS5 from merging by itself, within the transaction that adds to the index. */
  takeOver(): void {
    usingIndex(this.#file, () => {
      if (!this.#isOurs.get()) this.#takeOver.run();
    });
  }

  /** Merges some of what was added, within a transaction. True when nothing is left that is worth it. */
  step(): boolean {
    return this.#mergeOnce(STEP_PAGES);
  }

  /** True where rows that this store has deleted still have their words in the index. */
  get holdsDeletedWords(): boolean {
    return this.#holdsDeletedWords;
  }

  /** To be called when rows of the index were deleted. */
  wordsDeleted(): void {
    this.#holdsDeletedWords = true;
  }

  /**
   * Drops the words of deleted rows, within a transaction.
   *
   * @param pages of the index, about as many of which are written; 4 KiB each.
   * @returns true when none are left.
   */
  dropDeletedWords(pages: number): boolean {
    // Below 0: whatever has to be merged so that no deleted row is left.
    const isDone = this.#mergeOnce(-pages);
    if (isDone) this.#holdsDeletedWords = false;
    return isDone;
  }

  /** The same in one step, also for rows that others have deleted. */
  optimize(): void {
    usingIndex(this.#file, () => this.#optimize.run());
    this.#holdsDeletedWords = false;
  }

  #mergeOnce(pages: number): boolean {
    const before = this.#totalChanges.get() ?? 0;
    usingIndex(this.#file, () => this.#merge.run(pages));
    // What FTS5 says where nothing was left to be merged.
    return (this.#totalChanges.get() ?? 0) - before < 2;
  }
}
