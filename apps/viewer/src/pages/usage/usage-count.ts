import { signal } from "@preact/signals";
import type { SessionId } from "@thulp-sessions/core";
import { type SessionSummary, SessionTally } from "@thulp-sessions/core/view";
import { LIST_PRICES } from "@thulp-sessions/transcripts/prices";
import { viewOf } from "../../content/entry-view.ts";
import { entryIdAt } from "../../live/entry-id-at.ts";
import { type Problem, problemOf } from "../../parts/problem.ts";
import { cutIn, readUsagePage } from "./read-usage-page.ts";

/** So often it is begun again within one reading, for entries that were taken away meanwhile. */
const MOST_RESTARTS = 3;

/** How far a count has come. */
export interface UsageState {
  /** Of the first `counted` entries, or of those before what is being read; `null` at the beginning. */
  readonly summary: SessionSummary | null;
  readonly counted: number;
  /** How many of them were too long to be read whole. */
  readonly cut: number;
  readonly phase: "reading" | "stopped" | "resting";
  readonly problem: Problem | null;
}

const BEGINNING: UsageState = { summary: null, counted: 0, cut: 0, phase: "reading", problem: null };

/**
 * What the entries of one session add up to: read from the first to the last, a page at a time, of which none
 * is kept, and on from there as the session grows.
 */
export class UsageCount {
  readonly state = signal(BEGINNING);
  readonly #id: SessionId;
  readonly #tags: readonly string[];
  #tally: SessionTally | null = null;
  #last: { readonly seq: number; readonly id: string } | null = null;
  #epoch: string | null = null;
  #reading: AbortController | null = null;
  #readAgain = false;

  /** @param tags of the session: they say whose records its entries are. */
  constructor(id: SessionId, tags: readonly string[]) {
    this.#id = id;
    this.#tags = tags;
  }

  /** Reads what is new, unless somebody has stopped it. Never rejects. */
  async follow(): Promise<void> {
    if (this.state.value.phase === "stopped") return;
    this.#readAgain = true;
    if (this.#reading) return;
    const reading = new AbortController();
    this.#reading = reading;
    this.#set({ phase: "reading", problem: null });
    try {
      while (this.#readAgain) {
        this.#readAgain = false;
        await this.#readNew(reading.signal);
      }
      this.#set({ phase: "resting", summary: this.#tally?.summary() ?? null });
    } catch (error) {
      if (!reading.signal.aborted) this.#set({ phase: "resting", problem: problemOf(error) });
    } finally {
      if (this.#reading === reading) this.#reading = null;
    }
  }

  /** Leaves the count where it is, and shows what there is of it. */
  stop(): void {
    this.end();
    this.#set({ phase: "stopped", summary: this.#tally?.summary() ?? null });
  }

  /** Goes on after {@link stop}. */
  goOn(): void {
    this.#set({ phase: "resting" });
    void this.follow();
  }

  /** Nobody looks any more. */
  end(): void {
    this.#reading?.abort();
    this.#reading = null;
  }

  async #readNew(abort: AbortSignal): Promise<void> {
    // Of a file that another program writes only the entry itself shows that it was replaced.
    const last = this.#last;
    if (last && (await entryIdAt(this.#id, last.seq, abort)) !== last.id) this.#forget();
    for (let restarts = 0; ; ) {
      const view = this.#tally ? null : await viewOf(this.#tags);
      const page = await readUsagePage(this.#id, this.#last?.seq ?? -1, abort);
      if (view) this.#tally ??= new SessionTally(view, LIST_PRICES);
      if (this.#epoch !== null && page.epoch !== this.#epoch) {
        if (restarts++ === MOST_RESTARTS)
          throw new Error("Entries were taken away again and again while they were counted.");
        this.#forget();
        continue;
      }
      this.#epoch = page.epoch;
      for (const entry of page.items) this.#tally?.add(entry);
      const newest = page.items.at(-1);
      if (newest) this.#last = { seq: newest.seq, id: newest.id };
      const { counted, cut } = this.state.value;
      this.#set({ counted: counted + page.items.length, cut: cut + cutIn(page) });
      if (page.nextCursor === null || !newest) return;
    }
  }

  #forget(): void {
    this.#tally = null;
    this.#last = null;
    this.#epoch = null;
    this.#set({ summary: null, counted: 0, cut: 0 });
  }

  #set(change: Partial<UsageState>): void {
    this.state.value = { ...this.state.value, ...change };
  }
}
