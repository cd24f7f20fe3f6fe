import type { JsonObject } from "@thulp-sessions/core";
import { addTokens, NO_TOKENS, type TokenCounts, tokenSum } from "@thulp-sessions/core/view";
import { objectOf } from "../model/fields.ts";
import { countOf, tokensOf } from "./view-records.ts";

/**
 * What was asked for between two counts of Codex, which counts all of a thread so far, also that of the
 * thread that it was forked from.
 */
export class CodexTokens {
  #total: TokenCounts = NO_TOKENS;
  #isContinued = false;
  #hasRequests = false;

  /** The thread began in another file, whose counts are not here. */
  goOn(): void {
    this.#isContinued = true;
  }

  /**
   * One request, of which newer versions write a record before its calls are run: from the first such record
   * on the counts, which come behind the calls, say nothing more.
   *
   * @returns `null` where a count has told of it before.
   */
  request(used: JsonObject | undefined, thread: JsonObject | undefined): TokenCounts | null {
    const isFirst = !this.#hasRequests;
    this.#hasRequests = true;
    const soFar = tokenSum(this.#total);
    if (isFirst && soFar > 0 && tokenSum(countsIn(thread) ?? NO_TOKENS) === soFar) return null;
    return countsIn(used);
  }

  /** @returns `null` where nothing was added: the same count is written again and again. */
  since(info: JsonObject | undefined): TokenCounts | null {
    if (this.#hasRequests) return null;
    const total = countsIn(objectOf(info?.["total_token_usage"]));
    const last = countsIn(objectOf(info?.["last_token_usage"]));
    const added = this.#added(total, last);
    if (total) {
      this.#total = total;
      this.#isContinued = false;
    } else if (last) this.#total = addTokens(this.#total, last);
    return added && tokenSum(added) > 0 ? added : null;
  }

  #added(total: TokenCounts | null, last: TokenCounts | null): TokenCounts | null {
    if (!total) return last;
    if (this.#isContinued) return last;
    // It has begun to count from 0 again.
    if (tokenSum(total) < tokenSum(this.#total)) return last ?? total;
    const before = this.#total;
    return {
      input: Math.max(0, total.input - before.input),
      output: Math.max(0, total.output - before.output),
      cacheRead: Math.max(0, total.cacheRead - before.cacheRead),
      cacheWrite: Math.max(0, total.cacheWrite - before.cacheWrite),
      cacheWriteHour: 0,
      reasoning: Math.max(0, total.reasoning - before.reasoning),
    };
  }
}

/** What comes from a cache, or goes into one, is among the input; what was thought, among the output. */
function countsIn(usage: JsonObject | undefined): TokenCounts | null {
  if (!usage) return null;
  const cacheRead = countOf(usage["cached_input_tokens"]);
  const cacheWrite = countOf(usage["cache_write_input_tokens"]);
  return tokensOf({
    input: Math.max(0, countOf(usage["input_tokens"]) - cacheRead - cacheWrite),
    output: countOf(usage["output_tokens"]),
    cacheRead,
    cacheWrite,
    reasoning: countOf(usage["reasoning_output_tokens"]),
  });
}
