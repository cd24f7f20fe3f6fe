import type { z } from "zod";
import { parseSessionId } from "../model/ids.ts";
import type { SessionStore } from "../store/session-store.ts";
import { parseInput } from "../store/validate.ts";
import {
  entryAt,
  type FoundEntry,
  type ViewedEntriesQuery,
  type ViewedEntryPage,
  viewedEntryPage,
} from "./entry-page.ts";
import { type EntryPart, entryPart, type PartQuery } from "./entry-part.ts";
import { type Facets, type FacetsQuery, facetsOf } from "./facets.ts";
import { type FindQuery, type FoundEntries, findEntries } from "./find-entries.ts";
import { outlineOf, type SessionOutline, type TurnPage, type TurnsQuery, turnsOf } from "./outline.ts";
import { type ResolvedIds, resolveId } from "./resolve-id.ts";
import { type RowPage, type RowQuery, rowPage } from "./session-rows.ts";
import { type ScorePage, type ScoresQuery, scorePage } from "./session-scores.ts";
import { type SessionTree, type TreeQuery, treeOf } from "./session-tree.ts";
import { type StoreViews, viewsOf } from "./store-views.ts";
import * as queries from "./view-queries.ts";

const BUCKETS = 600;
const RESOLVED = 10;

/**
 * What a person looks at: sessions as rows, as trees, in figures, and one session piece by piece, of any
 * store.
 * Every answer is bounded in bytes, and others have their turn while it is made. It holds no state but what
 * was found in long sessions, so that they are not looked through again; what is written meanwhile is seen or
 * not, but entries of two epochs are never mixed.
 *
 * Every method rejects as those of the store do; `invalid_input` names the field.
 */
export class SessionViews {
  readonly #store: SessionStore;
  /** What the store answers by itself. */
  readonly #own: StoreViews;

  constructor(store: SessionStore) {
    this.#store = store;
    this.#own = viewsOf(store);
  }

  /** A page of sessions with the parts that are asked for. */
  async rows(query: RowQuery = {}): Promise<RowPage> {
    const checked = parse(queries.rowQuerySchema, query);
    return this.#own.rows?.(checked) ?? rowPage(this.#store, checked);
  }

  /** How many sessions each value of some fields would give, if it were chosen in the filter. */
  async facets(query: FacetsQuery): Promise<Facets> {
    const checked = parse(queries.facetsQuerySchema, query);
    return this.#own.facets?.(checked) ?? facetsOf(this.#store, checked);
  }

  /** The sessions whose id begins with a text. @param options.limit 1 to 100, 10 when absent. */
  async resolve(prefix: string, options: { readonly limit?: number | undefined } = {}): Promise<ResolvedIds> {
    const { prefix: checked, limit = RESOLVED } = parse(queries.resolveQuerySchema, { ...options, prefix });
    return this.#own.resolve?.(checked, limit) ?? resolveId(this.#store, checked, limit);
  }

  /** The ancestors of a session and its descendants. */
  async tree(id: string, query: TreeQuery = {}): Promise<SessionTree> {
    const checked = parse(queries.treeQuerySchema, query);
    const sessionId = parseSessionId(id);
    return this.#own.tree?.(sessionId, checked) ?? treeOf(this.#store, sessionId, checked);
  }

  /** A page of sessions with what they have scored. */
  async scores(query: ScoresQuery = {}): Promise<ScorePage> {
    const checked = parse(queries.scoresQuerySchema, query);
    return this.#own.scores?.(checked) ?? scorePage(this.#store, checked);
  }

  /** A page of entries, of which long contents can be cut. Without cuts it is the page of the store. */
  async entryPage(id: string, query: ViewedEntriesQuery = {}): Promise<ViewedEntryPage> {
    const checked = parse(queries.viewedEntriesSchema, query);
    const sessionId = parseSessionId(id);
    return this.#own.entryPage?.(sessionId, checked) ?? viewedEntryPage(this.#store, sessionId, checked);
  }

  /** One entry as a whole. */
  async entry(id: string, seq: number): Promise<FoundEntry> {
    const checked = parseInput(queries.seqSchema, seq, "seq");
    const sessionId = parseSessionId(id);
    return this.#own.entry?.(sessionId, checked) ?? entryAt(this.#store, sessionId, checked);
  }

  /** A part of the content of one entry, however long that is. */
  async part(id: string, query: PartQuery): Promise<EntryPart> {
    const checked = parse(queries.partQuerySchema, query);
    const sessionId = parseSessionId(id);
    return this.#own.part?.(sessionId, checked) ?? entryPart(this.#store, sessionId, checked);
  }

  /** A map of a session. @param buckets how many there may be: 1 to 2,000, 600 when absent. */
  async outline(
    id: string,
    options: { readonly buckets?: number | undefined } = {},
  ): Promise<SessionOutline> {
    const buckets = parseInput(queries.bucketsSchema, options.buckets, "buckets") ?? BUCKETS;
    const sessionId = parseSessionId(id);
    return this.#own.outline?.(sessionId, buckets) ?? outlineOf(this.#store, sessionId, buckets);
  }

  /** A page of user messages. */
  async turns(id: string, query: TurnsQuery = {}): Promise<TurnPage> {
    const checked = parse(queries.turnsQuerySchema, query);
    const sessionId = parseSessionId(id);
    return this.#own.turns?.(sessionId, checked) ?? turnsOf(this.#store, sessionId, checked);
  }

  /** Where something is in one session: all places, exactly, and a page of them with snippets. */
  async findEntries(id: string, query: FindQuery = {}): Promise<FoundEntries> {
    const checked = parse(queries.findQuerySchema, query);
    const sessionId = parseSessionId(id);
    return this.#own.findEntries?.(sessionId, checked) ?? findEntries(this.#store, sessionId, checked);
  }
}

function parse<T>(schema: z.ZodType<T, unknown>, query: unknown): T {
  return parseInput(schema, query, "query");
}
