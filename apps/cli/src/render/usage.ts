import { groupDigits } from "@thulp-sessions/core/text";
import {
  costText,
  type ModelUse,
  type PriceList,
  type SessionSummary,
  type TokenCounts,
  type ToolUse,
  tokenSum,
} from "@thulp-sessions/core/view";
import type { Colors } from "../terminal/colors.ts";
import type { Io } from "../terminal/io.ts";
import { type Column, facts, table } from "./table.ts";
import { oneLine, plural } from "./text.ts";
import { dateTime, span } from "./time.ts";

const TOOLS_SHOWN = 10;
const FILES_SHOWN = 10;

interface Style {
  readonly colors: Colors;
  /** In columns: names are cut to fit. */
  readonly width: number;
}

/** Cut for a terminal only: a program wants the names whole. */
export function usageStyle({ colors, terminal, width }: Io): Style {
  return { colors, width: terminal ? width : Number.POSITIVE_INFINITY };
}

/** What a session did and cost, as a person reads it. */
export function summaryLines(summary: SessionSummary, prices: PriceList, { colors, width }: Style): string[] {
  const { turns, firstAt, lastAt, copied, files } = summary;
  const pairs: [string, string][] = [["turns", groupDigits(turns)]];
  if (firstAt !== null && lastAt !== null)
    pairs.push(["duration", `${span(lastAt - firstAt)}, from ${dateTime(firstAt)}`]);
  if (copied.entries > 0 || copied.requests > 0)
    pairs.push(["copied", `${copiedText(copied)} of another session: not counted here`]);
  return [
    ...facts(pairs, colors),
    ...usageLines(summary, prices, { colors, width }),
    ...toolLines(summary.tools, { colors, width }),
    ...fileLines(files, colors),
  ];
}

/** What was copied, in words. */
export function copiedText({ entries, requests }: SessionSummary["copied"]): string {
  const texts = [
    ...(entries > 0 ? [plural(entries, "entry", "entries")] : []),
    ...(requests > 0 ? [plural(requests, "request")] : []),
  ];
  return texts.join(" and ");
}

/** Tokens and costs by model, and where the prices are from. */
export function usageLines(
  { models, tokens, cost }: SessionSummary,
  prices: PriceList,
  style: Style,
): string[] {
  const { colors, width } = style;
  if (models.length === 0) return ["", colors.dim("No record says which tokens it cost.")];
  const all: ModelUse = { model: "all", requests: cost.knownRequests + cost.unknownRequests, tokens, cost };
  const rows = models.length === 1 ? models : [...models, all];
  const count = (title: string, of: (tokens: TokenCounts) => number): Column<ModelUse> => ({
    title,
    value: (use) => groupDigits(of(use.tokens)),
    align: "right",
  });
  const columns: readonly Column<ModelUse>[] = [
    { title: "model", value: ({ model }) => oneLine(model ?? "(not said)"), shrinkTo: 10 },
    { title: "requests", value: ({ requests }) => groupDigits(requests), align: "right" },
    count("input", ({ input }) => input),
    count("cache read", ({ cacheRead }) => cacheRead),
    count("cache write", ({ cacheWrite }) => cacheWrite),
    count("output", ({ output }) => output),
    { title: "cost", value: ({ cost: each }) => costText(each), align: "right" },
  ];
  const notes = [
    ...(tokens.reasoning > 0
      ? [`Of the output the models thought ${groupDigits(tokens.reasoning)} tokens.`]
      : []),
    ...(cost.unknownRequests > 0 && cost.knownRequests > 0
      ? [`Without ${plural(cost.unknownRequests, "request")} whose price is unknown.`]
      : []),
    `Prices: ${prices.source}, ${prices.asOf}; where the agent says what it cost, that.`,
  ];
  return ["", ...table(rows, columns, width, colors), ...notes.map((note) => colors.dim(note))];
}

/** The tools with the most calls, and how many of them failed. */
export function toolLines(tools: readonly ToolUse[], { colors, width }: Style): string[] {
  if (tools.length === 0) return [];
  const shown = tools.slice(0, TOOLS_SHOWN);
  const columns: readonly Column<ToolUse>[] = [
    { title: "tool", value: ({ name }) => oneLine(name), shrinkTo: 10 },
    { title: "calls", value: ({ calls }) => groupDigits(calls), align: "right" },
    {
      title: "failed",
      value: ({ failed }) => groupDigits(failed),
      align: "right",
      paint: (text, { failed }) => (failed > 0 ? colors.red(text) : text),
    },
    { title: "unsaid", value: ({ unstated }) => groupDigits(unstated), align: "right" },
  ];
  const rest = tools.slice(TOOLS_SHOWN).reduce((sum, { calls }) => sum + calls, 0);
  const more =
    rest === 0
      ? []
      : [colors.dim(`… ${plural(tools.length - TOOLS_SHOWN, "more tool")}, ${plural(rest, "call")}`)];
  return ["", ...table(shown, columns, width, colors), ...more];
}

function fileLines(files: readonly string[], colors: Colors): string[] {
  if (files.length === 0) return [];
  const more = files.length - FILES_SHOWN;
  return [
    "",
    colors.dim(`${plural(files.length, "file")} changed`),
    ...files.slice(0, FILES_SHOWN).map((file) => `  ${oneLine(file)}`),
    ...(more > 0 ? [colors.dim(`  … ${more} more; --json names all`)] : []),
  ];
}

/** For `--json`: with the sum of tokens, and as of when the prices are. */
export function usageJson(summary: SessionSummary, { asOf, source }: PriceList) {
  return { ...summary, tokenSum: tokenSum(summary.tokens), prices: { asOf, source } };
}
