import type { Timestamp } from "../model/model.ts";
import type { ModelRequest, TokenCounts } from "./entry-view.ts";

/** What models cost, and as of when that was looked up. */
export interface PriceList {
  /** A day, e.g. `2026-11-30`. */
  readonly asOf: string;
  /** Who says so. */
  readonly source: string;
  readonly models: readonly ModelPrice[];
}

/** In US dollars for a million tokens. A price that is absent is unknown, not 0. */
export interface TokenPrices {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number | undefined;
  readonly cacheWrite?: number | undefined;
  /** Of what a cache keeps for an hour. */
  readonly cacheWriteHour?: number | undefined;
}

/** What one model costs, or, with a `*` at the end of its name, every model whose name begins so. */
export interface ModelPrice extends TokenPrices {
  readonly model: string;
  /** The first day of these prices, in UTC, e.g. `2026-10-07`; absent: always. */
  readonly from?: string | undefined;
  /** What all tokens of a request cost whose prompt is longer. */
  readonly longPrompt?: (TokenPrices & { readonly above: number }) | undefined;
}

/** A version of a model behind its name: a date, `latest`, the place where it runs. */
const VERSION = /^(?:[-@](?:\d{8}|\d{4}-\d{2}-\d{2}|latest|default))?(?:\[1m\])?$/;
const MILLION = 1_000_000;

/**
 * The price of a model at a time: by its whole name, by its name with a date or `latest` behind it, or by the
 * longest beginning with a `*` in the list; the provider before a `/` is left out. `undefined` where the list
 * does not say: a name that only begins like another one is another model.
 */
export function priceOf(list: PriceList, model: string, time: Timestamp): ModelPrice | undefined {
  return priceAt(pricesOf(list, model), time);
}

/** All that a list says of a model, whatever the day. */
export function pricesOf(list: PriceList, model: string): readonly ModelPrice[] {
  const whole = model.toLowerCase();
  const name = model.slice(model.lastIndexOf("/") + 1).toLowerCase();
  return list.models.filter((price) => isOf(price.model.toLowerCase(), name, whole));
}

/** @param prices those of one model. */
function priceAt(prices: readonly ModelPrice[], time: Timestamp): ModelPrice | undefined {
  let found: ModelPrice | undefined;
  for (const price of prices) {
    if (startOf(price) > time) continue;
    if (
      !found ||
      rank(price) > rank(found) ||
      (rank(price) === rank(found) && startOf(price) >= startOf(found))
    )
      found = price;
  }
  return found;
}

function isOf(priced: string, name: string, whole: string): boolean {
  if (priced.endsWith("*")) {
    const beginning = priced.slice(0, -1);
    return name.startsWith(beginning) || whole.startsWith(beginning);
  }
  return [name, whole].some((each) => each.startsWith(priced) && VERSION.test(each.slice(priced.length)));
}

/** A whole name before a beginning, a longer one before a shorter one. */
function rank({ model }: ModelPrice): number {
  return model.endsWith("*") ? model.length - 1 : model.length + MILLION;
}

function startOf({ from }: ModelPrice): Timestamp {
  return from === undefined ? 0 : Date.parse(from);
}

/**
 * What a request has cost, in US dollars: what the agent says, else by the list. `null` where neither says:
 * the model is not on it, or has no price for some of the tokens.
 */
export function costOf(request: ModelRequest, list: PriceList): number | null {
  return costBy(request, request.model === null ? [] : pricesOf(list, request.model));
}

/** The same, by {@link pricesOf} its model. */
export function costBy(request: ModelRequest, prices: readonly ModelPrice[]): number | null {
  if (request.cost !== undefined) return request.cost;
  if (request.unusualPrice) return null;
  const price = priceAt(prices, request.time);
  if (!price) return null;
  const { tokens } = request;
  const longPrompt = request.isSum ? undefined : price.longPrompt;
  const prompt = tokens.input + tokens.cacheRead + tokens.cacheWrite;
  return costAt(longPrompt && prompt > longPrompt.above ? longPrompt : price, tokens);
}

function costAt(price: TokenPrices, tokens: TokenCounts): number | null {
  const sums: readonly (readonly [number, number | undefined])[] = [
    [tokens.input, price.input],
    [tokens.output, price.output],
    [tokens.cacheRead, price.cacheRead],
    [tokens.cacheWrite - tokens.cacheWriteHour, price.cacheWrite],
    [tokens.cacheWriteHour, price.cacheWriteHour],
  ];
  let cost = 0;
  for (const [count, each] of sums) {
    if (count === 0) continue;
    if (each === undefined) return null;
    cost += (count * each) / MILLION;
  }
  return cost;
}
