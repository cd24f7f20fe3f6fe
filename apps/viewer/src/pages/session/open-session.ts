// Longer than most files: opening, reading on, following and taking back change the same loaded entries.
import { batch, signal } from "@preact/signals";
import type { SessionHead, SessionId, ViewedEntry } from "@thulp-sessions/core";
import type { GoneEntries } from "../../content/fold-entries.ts";
import { entryIdAt } from "../../live/entry-id-at.ts";
import { calls, onChange } from "../../live/live.ts";
import { type Problem, problemOf } from "../../parts/problem.ts";
import { commonLength } from "./common-length.ts";
import { CONTENT_BYTES, type EntrySource } from "./entry-source.ts";

/** More are not held: those far from what is read are let go, and asked for again on the way back. */
const MAX_ENTRIES = 5000;
const FOLLOW_PAGE = 200;
/** More new entries than a screen shows: they replace all that is on it; nobody reads them as they pass. */
const FLOOD_ENTRIES = 25;
/** So long a flood is left to gather before it is read on. */
const FLOOD_MS = 100;
/** So often a page that is hidden reads what is new. */
const HIDDEN_MS = 100;

/** Behind every entry. */
const FAR = Number.MAX_SAFE_INTEGER;

interface Place {
  readonly seq: number;
  readonly id: string;
}

/**
 * The entries of a session around the place that is read, kept true while the session goes on: what is added
 * follows, what is taken back is told, and after its deletion what is loaded stays.
 *
 * States: opening, then reading; `isEndLoaded` says whether what is added follows what is loaded. `deleted`
 * is the end.
 */
export class OpenSession {
  readonly id: SessionId;
  readonly head = signal<SessionHead | null>(null);
  readonly entries = signal<readonly ViewedEntry[]>([]);
  readonly gone = signal<readonly GoneEntries[]>([]);
  readonly problem = signal<Problem | null>(null);
  readonly loading = signal(true);
  /** The first entries are there: what is asked for beside them kept them waiting before. */
  readonly isOpen = signal(false);
  readonly isStartLoaded = signal(false);
  readonly isEndLoaded = signal(false);
  readonly deleted = signal(false);
  /** How many entries have come since the session was opened. */
  readonly added = signal(0);

  readonly #source: EntrySource;
  readonly #abort = new AbortController();
  readonly #unlisten: () => void;
  #epoch: string | null = null;
  /** The last entry of the whole session that was seen, of any kind. */
  #last: Place | null = null;
  #opening: AbortController | undefined;
  #openedAt: number | null = null;
  #reading = false;
  #following = false;
  #followAgain = false;
  /** The last reading has brought a flood, to its end. */
  #isFlood = false;

  constructor(id: SessionId, source: EntrySource) {
    this.id = id;
    this.#source = source;
    this.#unlisten = onChange((change) => {
      if (change.type === "reset") void (this.#epoch === null ? this.openAt(this.#openedAt) : this.#follow());
      else if (change.type === "deleted") this.deleted.value ||= change.id === id;
      else if (change.metadata.id === id) {
        // It may be one that was deleted and is there again.
        this.deleted.value = false;
        void this.#follow();
      }
    });
  }

  stop(): void {
    this.#unlisten();
    this.#abort.abort();
  }

  /** Loads what is around a `seq`, or the end. */
  async openAt(seq: number | null): Promise<void> {
    // It is on its way: a link, the page and the beginning of the stream ask for the same.
    if (this.#opening && this.loading.value && seq === this.#openedAt) return;
    this.#opening?.abort();
    const opening = new AbortController();
    this.#opening = opening;
    this.#openedAt = seq;
    this.loading.value = true;
    // What is read for the place before counts no more, and keeps nobody waiting.
    this.#reading = false;
    const abort = AbortSignal.any([this.#abort.signal, opening.signal]);
    await this.#try(abort, async () => {
      const { head, pages, last } = await this.#readAround(seq, abort);
      if (abort.aborted) return;
      const [before, after] = pages;
      this.entries.value = [...before.entries, ...(after?.entries ?? [])];
      this.isStartLoaded.value = !before.more;
      this.isEndLoaded.value = !after?.more;
      const newest = this.isEndLoaded.value ? this.entries.value.at(-1) : undefined;
      // From here on what is added is read after it. Behind the head some may be loaded already.
      this.#last = newest && newest.seq > (last?.seq ?? -1) ? { seq: newest.seq, id: newest.id } : last;
      this.#epoch = head.epoch;
      this.isOpen.value = true;
    });
    if (this.#opening === opening) this.loading.value = false;
    void this.#follow();
  }

  /**
   * What is around a `seq`, or the end, in one round trip: the parts may be of different moments, but between
   * these nothing was taken back.
   */
  async #readAround(seq: number | null, abort: AbortSignal) {
    for (let at = seq; ; ) {
      const [head, last, ...pages] = await Promise.all([
        this.#readHead(abort),
        this.#entryBefore(FAR, abort),
        this.#source.read(at === null ? FAR - 1 : at - 1, -1, abort),
        at === null ? null : this.#source.read(at, 1, abort),
      ]);
      const isPast = at !== null && at > 0 && at >= head.entryCount;
      if (isPast) at = Math.max(0, head.entryCount - 1);
      else if (pages.every((page) => page?.epoch == null || page.epoch === head.epoch))
        return { head, last, pages };
    }
  }

  /** It is shown also where no entry can be read. */
  async #readHead(abort: AbortSignal): Promise<SessionHead> {
    const head = await calls().sessions.head.query({ id: this.id }, { signal: abort });
    if (!abort.aborted) this.#takeHead(head);
    return head;
  }

  /** Loads what is before. */
  before(): Promise<void> {
    return this.#extend(-1);
  }

  /** Loads what follows. */
  after(): Promise<void> {
    return this.#extend(1);
  }

  async #extend(step: 1 | -1): Promise<void> {
    const edge = step === 1 ? this.entries.value.at(-1) : this.entries.value[0];
    const isDone = step === 1 ? this.isEndLoaded : this.isStartLoaded;
    if (this.#reading || isDone.value || !edge) return;
    this.#reading = true;
    await this.#try(this.#abort.signal, async () => {
      const page = await this.#source.read(edge.seq + step, step, this.#abort.signal);
      const now = step === 1 ? this.entries.value.at(-1) : this.entries.value[0];
      // Opened elsewhere, or taken back, meanwhile.
      if (now !== edge || (page.epoch !== null && page.epoch !== this.#epoch)) return;
      const entries = this.entries.value;
      this.entries.value = step === 1 ? [...entries, ...page.entries] : [...page.entries, ...entries];
      isDone.value = !page.more;
      // In a step of its own: the list can keep its place while one end of it changes, not both.
      setTimeout(() => this.#letGo(step));
    });
    this.#reading = false;
    if (step === 1 && this.isEndLoaded.value) void this.#follow();
  }

  #letGo(grown: 1 | -1): void {
    const entries = this.entries.value;
    if (entries.length <= MAX_ENTRIES) return;
    if (grown === 1) {
      this.entries.value = entries.slice(-MAX_ENTRIES);
      this.isStartLoaded.value = false;
    } else {
      this.entries.value = entries.slice(0, MAX_ENTRIES);
      this.isEndLoaded.value = false;
    }
  }

  /** Reads what has changed; one reading at a time, and one more for what has come meanwhile. */
  async #follow(): Promise<void> {
    this.#followAgain = true;
    // What is loaded now is about to be replaced; then it is called again.
    const mayRead = () => !this.#abort.signal.aborted && !this.deleted.value && !this.loading.value;
    if (this.#following || this.#epoch === null) return;
    this.#following = true;
    while (this.#followAgain && mayRead()) {
      this.#followAgain = false;
      const isWhole = await this.#try(this.#abort.signal, () => this.#readNew());
      if (!isWhole) break;
      // The first change is read immediately; of a flood no more than can be seen.
      if (this.#isFlood) await new Promise((resolve) => setTimeout(resolve, FLOOD_MS));
      else if (this.#followAgain) await nextFrame();
    }
    this.#following = false;
  }

  async #readNew(): Promise<void> {
    const { signal: abort } = this.#abort;
    const last = this.#last;
    const opening = this.#opening;
    this.#isFlood = false;
    // With the last one that is known: of a file that another program writes only the entry shows a change.
    const [page, head] = await Promise.all([
      calls().entries.list.query(
        {
          id: this.id,
          after: (last?.seq ?? -1) - 1,
          direction: "asc",
          limit: FOLLOW_PAGE,
          contentBytes: CONTENT_BYTES,
        },
        { signal: abort },
      ),
      calls().sessions.head.query({ id: this.id }, { signal: abort }),
    ]);
    if (abort.aborted || this.#opening !== opening) return;
    const isSame = last === null || page.items[0]?.id === last.id;
    if (!isSame || page.epoch !== this.#epoch) return this.#takenBack(abort);
    const fresh = last === null ? page.items : page.items.slice(1);
    // Together, so that what is on the screen is made once.
    batch(() => {
      this.#takeHead(head);
      this.#add(fresh);
    });
    if (page.nextCursor !== null) this.#followAgain = true;
    this.#isFlood = page.nextCursor === null && fresh.length >= FLOOD_ENTRIES;
  }

  #add(fresh: readonly ViewedEntry[]): void {
    const newest = fresh.at(-1);
    if (!newest) return;
    this.#last = { seq: newest.seq, id: newest.id };
    const shown = fresh.filter((entry) => this.#source.accepts(entry));
    this.added.value += shown.length;
    if (shown.length > 0) this.#source.change();
    if (!this.isEndLoaded.value || shown.length === 0) return;
    this.entries.value = [...this.entries.value, ...shown];
    setTimeout(() => this.#letGo(1));
  }

  /** Entries were removed or replaced: what is still the same stays, what went is kept to be seen. */
  async #takenBack(abort: AbortSignal): Promise<void> {
    const opening = this.#opening;
    this.#source.change();
    const head = await calls().sessions.head.query({ id: this.id }, { signal: abort });
    const to = await commonLength(this.entries.value, head.entryCount, (seq) =>
      entryIdAt(this.id, seq, abort),
    );
    // What was opened meanwhile is as the session is now: nothing of it went.
    if (abort.aborted || this.#opening !== opening) return;
    const entries = this.entries.value;
    const went = entries.filter(({ seq }) => seq >= to);
    if (went.length > 0) this.gone.value = [...this.gone.value, { to, entries: went }];
    this.entries.value = entries.filter(({ seq }) => seq < to);
    this.#takeHead(head);
    this.#epoch = head.epoch;
    const last = this.entries.value.at(-1);
    // What is loaded may not reach to where the session was taken back.
    if (to <= (entries[0]?.seq ?? 0) || !this.isEndLoaded.value || last === undefined) {
      const newest = await this.#lastOf(head, abort);
      if (this.#opening !== opening) return;
      this.#last = newest;
      if (this.entries.value.length === 0) void this.openAt(null);
      return;
    }
    const before = to === 0 ? null : await this.#entryBefore(to, abort);
    if (this.#opening !== opening) return;
    this.#last = before;
    this.#followAgain = true;
  }

  async #entryBefore(seq: number, abort: AbortSignal): Promise<Place | null> {
    const query = { id: this.id, before: seq, limit: 1, direction: "desc", contentBytes: 256 } as const;
    const { items } = await calls().entries.list.query(query, { signal: abort });
    const [entry] = items;
    return entry ? { seq: entry.seq, id: entry.id } : null;
  }

  async #lastOf(head: SessionHead, abort: AbortSignal): Promise<Place | null> {
    const last = this.entries.value.at(-1);
    return last && this.isEndLoaded.value && last.seq === head.entryCount - 1
      ? { seq: last.seq, id: last.id }
      : this.#entryBefore(head.entryCount, abort);
  }

  #takeHead(head: SessionHead): void {
    this.head.value = head;
    this.deleted.value = false;
  }

  /** @returns false when it has failed. */
  async #try(abort: AbortSignal, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      if (!abort.aborted) this.problem.value = null;
      return true;
    } catch (error) {
      if (abort.aborted) return false;
      const problem = problemOf(error);
      if (problem?.code === "not_found" && this.head.value !== null) this.deleted.value = true;
      else this.problem.value = problem;
      return false;
    }
  }
}

/** Comes with the next frame; a page that is hidden has none, and is not waited for. */
function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => resolve());
    setTimeout(resolve, HIDDEN_MS);
  });
}
