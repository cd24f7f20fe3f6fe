import { signal } from "@preact/signals";
import type { Facets, SessionFilter, SessionId, SessionPage, SessionRow } from "@thulp-sessions/core";
import { calls, onChange } from "../../live/live.ts";
import { type Problem, problemOf } from "../../parts/problem.ts";
import { filterOf, type ListState } from "../../url/list-state.ts";
import { belongsTo, mergeRows, timeOf, updateInPlace } from "./row-order.ts";

const PAGE = 50;
/** Of the sessions that change, those on the page are asked for together after this time. */
const GATHER_MS = 250;
/** Counting all sessions costs more than reading a few. */
const FACETS_MS = 2000;
/** What the server takes in one filter is more; nobody reads so many rows at once. */
const MAX_CHANGED = 200;

const INCLUDE = ["counts", "preview", "score"] as const;
const FACETS = ["status", "type", "tag", "skillName", "agentName", "model"] as const;

/**
 * The rows of one filter, kept true by the changes that are told. What is read is not moved under the eyes of
 * who reads: rows that are new, or belong elsewhere now, wait until they are let in.
 */
export class SessionList {
  readonly rows = signal<readonly SessionRow[]>([]);
  /** `null` before the first answer. */
  readonly facets = signal<Facets | null>(null);
  readonly problem = signal<Problem | null>(null);
  readonly loading = signal(true);
  readonly isWhole = signal(false);
  /** Sessions that changed and do not stand where they belong, or not at all. */
  readonly waiting = signal<ReadonlyMap<string, SessionRow>>(new Map());
  /** Whether rows may be moved now. */
  mayMove: () => boolean = () => true;

  readonly #list: ListState;
  readonly #filter: SessionFilter;
  readonly #abort = new AbortController();
  #isBegun = false;
  /** Ends the reading of a page that is under way. */
  #reading: AbortController | undefined;
  readonly #problems = new Map<"rows" | "changes" | "counts", Problem | null>();
  readonly #changed = new Set<SessionId>();
  #cursor: string | null = null;
  #gather: ReturnType<typeof setTimeout> | undefined;
  #recount: ReturnType<typeof setTimeout> | undefined;
  #refreshing = false;
  /** What the first page that is being read says may be older than the stream of changes. */
  #loadAgain = false;
  #counts = 0;
  readonly #unlisten: () => void;

  constructor(list: ListState) {
    this.#list = list;
    this.#filter = filterOf(list);
    this.#unlisten = onChange((change) => {
      if (change.type === "reset") this.#reset();
      else if (change.type === "deleted") {
        this.#remove([change.id]);
        // An answer that is under way may still have it, and it was counted.
        this.#note(change.id);
      } else this.#note(change.metadata.id);
    });
  }

  stop(): void {
    this.#unlisten();
    this.#abort.abort();
    clearTimeout(this.#gather);
    clearTimeout(this.#recount);
  }

  /** Reads the first page, once. */
  begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    void this.load();
  }

  /** Reads the first page again; as many rows as are shown, so that nothing jumps away. */
  async load(): Promise<void> {
    this.loading.value = true;
    this.#loadAgain = false;
    this.#reading?.abort();
    const limit = Math.min(Math.max(PAGE, this.rows.value.length), 500);
    await this.#readPage({ limit }, (page) => {
      this.rows.value = page.items;
      this.waiting.value = new Map();
    });
    if (this.#reading) return;
    if (this.#loadAgain) return this.load();
    this.loading.value = false;
    await this.#count();
  }

  /** The stream of changes has begun: what was read before may have missed some. */
  #reset(): void {
    // Rows that are on their way are shown first.
    if (this.loading.value && this.#reading) this.#loadAgain = true;
    else void this.load();
  }

  /** Reads the next page, if there is one and none is under way. */
  async more(): Promise<void> {
    const cursor = this.#cursor;
    if (cursor === null || this.#reading) return;
    await this.#readPage({ cursor, limit: PAGE }, (page) => {
      const shown = new Set(this.rows.value.map(({ id }) => id));
      this.rows.value = [...this.rows.value, ...page.items.filter(({ id }) => !shown.has(id))];
    });
  }

  /** Nothing is taken where another reading was begun meanwhile. */
  async #readPage(
    query: { readonly limit: number; readonly cursor?: string },
    take: (page: SessionPage) => void,
  ): Promise<void> {
    const reading = new AbortController();
    this.#reading = reading;
    const signal = AbortSignal.any([this.#abort.signal, reading.signal]);
    await this.#try("rows", signal, async () => {
      const page = await calls().sessions.list.query(this.#query(query), { signal });
      take(page);
      this.#cursor = page.nextCursor;
      this.isWhole.value = page.nextCursor === null;
    });
    if (this.#reading === reading) this.#reading = undefined;
  }

  /** Lets in what waits. */
  letIn(): void {
    this.rows.value = mergeRows(this.rows.value, this.waiting.value, this.#list.sort);
    this.waiting.value = new Map();
  }

  #note(id: SessionId): void {
    this.#changed.add(id);
    this.#gather ??= setTimeout(() => {
      this.#gather = undefined;
      // One at a time: of two answers nobody knows which is the older one.
      if (this.#reading || this.#refreshing) this.#note(id);
      else void this.#refresh();
    }, GATHER_MS);
  }

  async #refresh(): Promise<void> {
    const ids = [...this.#changed].slice(0, MAX_CHANGED);
    for (const id of ids) this.#changed.delete(id);
    const { signal } = this.#abort;
    this.#refreshing = true;
    await this.#try("changes", signal, async () => {
      const filter = { and: [this.#filter, { ids }] };
      const query = { ...this.#query({ limit: MAX_CHANGED }), filter };
      const { items } = await calls().sessions.list.query(query, { signal });
      this.#take(items);
      const found = new Set<string>(items.map(({ id }) => id));
      this.#remove(ids.filter((id) => !found.has(id)));
    });
    this.#refreshing = false;
    this.#recount ??= setTimeout(() => {
      this.#recount = undefined;
      void this.#count();
    }, FACETS_MS);
    const [next] = this.#changed;
    if (next !== undefined) this.#note(next);
  }

  #take(items: readonly SessionRow[]): void {
    const { sort } = this.#list;
    const byId = new Map(items.map((row) => [row.id as string, row]));
    const shown = new Map(this.rows.value.map((row) => [row.id as string, row]));
    const waiting = new Map(this.waiting.value);
    for (const [id, row] of byId) {
      const before = shown.get(id);
      const stays = before !== undefined && timeOf(before, sort) === timeOf(row, sort);
      if (!stays && belongsTo(row, this.rows.value, sort, this.isWhole.value)) waiting.set(id, row);
    }
    this.rows.value = updateInPlace(this.rows.value, byId);
    this.waiting.value = waiting;
    if (waiting.size > 0 && this.mayMove()) this.letIn();
  }

  #remove(ids: readonly string[]): void {
    const gone = new Set(ids);
    if (gone.size === 0) return;
    if (this.rows.value.some(({ id }) => gone.has(id)))
      this.rows.value = this.rows.value.filter(({ id }) => !gone.has(id));
    if (ids.some((id) => this.waiting.value.has(id)))
      this.waiting.value = new Map([...this.waiting.value].filter(([id]) => !gone.has(id)));
  }

  async #count(): Promise<void> {
    const { signal } = this.#abort;
    const mine = ++this.#counts;
    await this.#try("counts", signal, async () => {
      const facets = await calls().sessions.facets.query(
        { filter: this.#filter, by: [...FACETS], limit: 12 },
        { signal },
      );
      if (mine === this.#counts) this.facets.value = facets;
    });
  }

  #query<T extends object>(rest: T) {
    const orderBy = this.#list.sort === "created" ? ("createdAt" as const) : ("updatedAt" as const);
    return { filter: this.#filter, orderBy, include: [...INCLUDE], ...rest };
  }

  /** What goes well takes away its own problem only: rows that were counted have not been read by that. */
  async #try(
    what: "rows" | "changes" | "counts",
    signal: AbortSignal,
    work: () => Promise<void>,
  ): Promise<void> {
    let problem: Problem | null = null;
    try {
      await work();
    } catch (error) {
      if (signal.aborted) return;
      problem = problemOf(error);
    }
    this.#problems.set(what, problem);
    this.problem.value = [...this.#problems.values()].find((each) => each !== null) ?? null;
  }
}
