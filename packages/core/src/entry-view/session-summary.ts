import type { Timestamp } from "../model/model.ts";
import type {
  EntryFacts,
  EntryReader,
  EntryView,
  ModelRequest,
  SeenEntry,
  TokenCounts,
} from "./entry-view.ts";
import { costBy, type ModelPrice, type PriceList, pricesOf } from "./prices.ts";
import { isUnstated } from "./unstated.ts";
import {
  addTool,
  addUse,
  type Cost,
  type ModelSums,
  type ModelUse,
  sortedTools,
  sumOf,
  type ToolSums,
  type ToolUse,
} from "./usage-sums.ts";

/** What a session did and cost, as its entries say. What was copied from another session is not in it. */
export interface SessionSummary {
  /** User messages that an assistant message has followed, as in `SessionHead`. */
  readonly turns: number;
  /** Those with the most calls first. */
  readonly tools: readonly ToolUse[];
  /** Those with the most tokens first. */
  readonly models: readonly ModelUse[];
  /** Of all models. */
  readonly tokens: TokenCounts;
  readonly cost: Cost;
  /** Paths of files that calls have written, moved or deleted, as they were named, in the order of it. */
  readonly files: readonly string[];
  /** Of the first entry that counts, and of the last one; `null` where there is none. */
  readonly firstAt: Timestamp | null;
  readonly lastAt: Timestamp | null;
  /** Entries that were copied from another session, and requests that were counted there. */
  readonly copied: { readonly entries: number; readonly requests: number };
}

/** Counts the entries of one session, given in their order. Memory grows with what has a key of its own. */
export class SessionTally {
  readonly #reader: EntryReader;
  readonly #prices: PriceList;
  readonly #calls = new Map<string, ToolUse>();
  readonly #messages = new Set<string>();
  /** Priced when they are added, so that a summary only has to add up. */
  readonly #requests = new Map<string, ModelUse>();
  readonly #pricesOf = new Map<string, readonly ModelPrice[]>();
  readonly #keyless: ModelSums = new Map();
  readonly #tools: ToolSums = new Map();
  readonly #files = new Set<string>();
  #turns = 0;
  #awaitsAssistant = false;
  #firstAt: Timestamp | null = null;
  #lastAt: Timestamp | null = null;
  #copied = 0;

  constructor(view: EntryView, prices: PriceList) {
    this.#reader = view.reader();
    this.#prices = prices;
  }

  add(entry: SeenEntry): void {
    const facts = this.#reader.read(entry);
    if (facts.copied) {
      this.#copied++;
      return;
    }
    this.#firstAt = Math.min(this.#firstAt ?? entry.timestamp, entry.timestamp);
    this.#lastAt = Math.max(this.#lastAt ?? 0, entry.timestamp);
    this.#count(entry, facts);
    for (const request of facts.requests ?? []) {
      const use = this.#useOf(request);
      if (request.key !== undefined) this.#requests.set(request.key, use);
      else addUse(this.#keyless, use);
    }
    for (const file of facts.files ?? []) this.#files.add(file);
  }

  #count({ entryType, content }: SeenEntry, { key }: EntryFacts): void {
    switch (entryType.type) {
      case "user_message":
        if (this.#isNew(key)) this.#awaitsAssistant = true;
        break;
      case "assistant_message":
        if (this.#awaitsAssistant) this.#turns++;
        this.#awaitsAssistant = false;
        break;
      case "tool_call":
      case "skill_execution": {
        const { success } = entryType;
        const call = {
          name: entryType.type === "tool_call" ? entryType.toolName : entryType.skillName,
          calls: 1,
          failed: success ? 0 : 1,
          unstated: success && isUnstated(content) ? 1 : 0,
        };
        if (key === undefined) addTool(this.#tools, call);
        else this.#calls.set(key, call);
        break;
      }
    }
  }

  #useOf(request: ModelRequest): ModelUse {
    const { model, tokens } = request;
    const cost = costBy(request, model === null ? [] : this.#pricesFor(model));
    return {
      model,
      requests: 1,
      tokens,
      cost:
        cost === null
          ? { known: 0, knownRequests: 0, unknownRequests: 1 }
          : { known: cost, knownRequests: 1, unknownRequests: 0 },
    };
  }

  #pricesFor(model: string): readonly ModelPrice[] {
    let prices = this.#pricesOf.get(model);
    if (!prices) {
      prices = pricesOf(this.#prices, model);
      this.#pricesOf.set(model, prices);
    }
    return prices;
  }

  #isNew(key: string | undefined): boolean {
    if (key === undefined) return true;
    if (this.#messages.has(key)) return false;
    this.#messages.add(key);
    return true;
  }

  /**
   * Of what was added so far.
   *
   * @param elsewhere keys of requests that were counted in other sessions: they are left out here, and those
   *   of this session are added, for the next one.
   */
  summary(elsewhere?: Set<string>): SessionSummary {
    const models: ModelSums = new Map();
    for (const use of this.#keyless.values()) addUse(models, use);
    let copiedRequests = 0;
    for (const [key, use] of this.#requests) {
      if (elsewhere?.has(key)) copiedRequests++;
      else addUse(models, use);
    }
    if (elsewhere) for (const key of this.#requests.keys()) elsewhere.add(key);
    const tools: ToolSums = new Map();
    for (const sums of [this.#tools, this.#calls]) for (const call of sums.values()) addTool(tools, call);
    return {
      turns: this.#turns,
      tools: sortedTools(tools.values()),
      ...sumOf(models.values()),
      files: [...this.#files],
      firstAt: this.#firstAt,
      lastAt: this.#lastAt,
      copied: { entries: this.#copied, requests: copiedRequests },
    };
  }
}

/** Adds up summaries. Files of the same path count once. */
export class SummarySum {
  readonly #tools: ToolSums = new Map();
  readonly #models: ModelSums = new Map();
  readonly #files = new Set<string>();
  #turns = 0;
  #firstAt: Timestamp | null = null;
  #lastAt: Timestamp | null = null;
  #copied = { entries: 0, requests: 0 };

  add({ turns, tools, models, files, firstAt, lastAt, copied }: SessionSummary): void {
    this.#turns += turns;
    for (const tool of tools) addTool(this.#tools, tool);
    for (const use of models) addUse(this.#models, use);
    for (const file of files) this.#files.add(file);
    if (firstAt !== null) this.#firstAt = Math.min(this.#firstAt ?? firstAt, firstAt);
    if (lastAt !== null) this.#lastAt = Math.max(this.#lastAt ?? lastAt, lastAt);
    this.#copied.entries += copied.entries;
    this.#copied.requests += copied.requests;
  }

  /** Of what was added so far. */
  total(): SessionSummary {
    return {
      turns: this.#turns,
      tools: sortedTools(this.#tools.values()),
      ...sumOf(this.#models.values()),
      files: [...this.#files],
      firstAt: this.#firstAt,
      lastAt: this.#lastAt,
      copied: { ...this.#copied },
    };
  }
}
