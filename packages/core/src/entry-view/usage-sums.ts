import { NO_TOKENS, type TokenCounts, tokenSum } from "./entry-view.ts";

/** The calls of a tool, or of a skill, that have a result. */
export interface ToolUse {
  readonly name: string;
  readonly calls: number;
  readonly failed: number;
  /** Of the others, those that do not say whether they succeeded. */
  readonly unstated: number;
}

/** What one model was asked for. */
export interface ModelUse {
  /** `null` where records do not say which. */
  readonly model: string | null;
  readonly requests: number;
  readonly tokens: TokenCounts;
  readonly cost: Cost;
}

/** What requests cost, as far as it is known. */
export interface Cost {
  /** In US dollars, of the requests whose cost is known. With others beside them it is the least it was. */
  readonly known: number;
  readonly knownRequests: number;
  /** Those of a model without a price: nothing is assumed for them. */
  readonly unknownRequests: number;
}

const NO_COST: Cost = { known: 0, knownRequests: 0, unknownRequests: 0 };

type Changing<T> = { -readonly [K in keyof T]: T[K] };
/** They are changed while something is added up: a session may have made a hundred thousand requests. */
export type ModelSums = Map<
  string | null,
  Changing<ModelUse> & { readonly tokens: Changing<TokenCounts>; readonly cost: Changing<Cost> }
>;
export type ToolSums = Map<string, Changing<ToolUse>>;

/** Of all models, and each of them; what is given out is changed by nobody. */
export function sumOf(uses: Iterable<ModelUse>): { models: ModelUse[]; tokens: TokenCounts; cost: Cost } {
  const models = sortedModels(uses).map((use) => ({
    ...use,
    tokens: { ...use.tokens },
    cost: { ...use.cost },
  }));
  const tokens = { ...NO_TOKENS };
  const cost = { ...NO_COST };
  for (const use of models) {
    addTokensTo(tokens, use.tokens);
    addCostTo(cost, use.cost);
  }
  return { models, tokens, cost };
}

export function addTool(tools: ToolSums, { name, calls, failed, unstated }: ToolUse): void {
  const sum = tools.get(name);
  if (!sum) {
    tools.set(name, { name, calls, failed, unstated });
    return;
  }
  sum.calls += calls;
  sum.failed += failed;
  sum.unstated += unstated;
}

export function addUse(models: ModelSums, { model, requests, tokens, cost }: ModelUse): void {
  const sum = models.get(model);
  if (!sum) {
    models.set(model, { model, requests, tokens: { ...tokens }, cost: { ...cost } });
    return;
  }
  sum.requests += requests;
  addTokensTo(sum.tokens, tokens);
  addCostTo(sum.cost, cost);
}

function addTokensTo(sum: Changing<TokenCounts>, more: TokenCounts): void {
  sum.input += more.input;
  sum.output += more.output;
  sum.cacheRead += more.cacheRead;
  sum.cacheWrite += more.cacheWrite;
  sum.cacheWriteHour += more.cacheWriteHour;
  sum.reasoning += more.reasoning;
}

function addCostTo(sum: Changing<Cost>, more: Cost): void {
  sum.known += more.known;
  sum.knownRequests += more.knownRequests;
  sum.unknownRequests += more.unknownRequests;
}

export function sortedTools(tools: Iterable<ToolUse>): ToolUse[] {
  return [...tools]
    .map((tool) => ({ ...tool }))
    .sort((a, b) => b.calls - a.calls || compareTexts(a.name, b.name));
}

function sortedModels(models: Iterable<ModelUse>): ModelUse[] {
  return [...models].sort(
    (a, b) => tokenSum(b.tokens) - tokenSum(a.tokens) || compareTexts(a.model ?? "", b.model ?? ""),
  );
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
