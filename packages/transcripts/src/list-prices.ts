import type { PriceList, TokenPrices } from "@thulp-sessions/core/view";

/** What a cache keeps for five minutes costs a quarter more than input, for an hour twice as much. */
function anthropic(input: number, output: number, cacheRead = input / 10): TokenPrices {
  return { input, output, cacheRead, cacheWrite: input * 1.25, cacheWriteHour: input * 2 };
}

function openai(input: number, output: number, cacheRead: number): TokenPrices {
  return { input, output, cacheRead };
}

const LONG_SONNET_4 = { above: 200_000, ...anthropic(6, 22.5) };

/**
 * What the makers of models ask for, without discounts and surcharges (batches, priority, regions), as it was
 * on the day in it. Only what was certain then: models whose prices have moved since they came out are here
 * from the day of the last change on, or not at all.
 */
export const LIST_PRICES: PriceList = {
  asOf: "2026-10-24",
  source: "the price lists of Anthropic, OpenAI and Google",
  models: [
    { model: "claude-fable-5-1", ...anthropic(10, 50, 0.25) },
    { model: "claude-fable-5", ...anthropic(10, 50) },
    { model: "claude-opus-5-5", ...anthropic(4, 20, 0.2) },
    { model: "claude-opus-5", ...anthropic(5, 25) },
    { model: "claude-opus-4-8", ...anthropic(5, 25) },
    { model: "claude-opus-4-7", ...anthropic(5, 25) },
    { model: "claude-opus-4-6", ...anthropic(5, 25) },
    { model: "claude-opus-4-5", ...anthropic(5, 25) },
    { model: "claude-opus-4-1", ...anthropic(15, 75) },
    { model: "claude-opus-4-0", ...anthropic(15, 75) },
    { model: "claude-opus-4", ...anthropic(15, 75) },
    { model: "claude-sonnet-5-5", from: "2026-10-07", ...anthropic(2, 10, 0.1) },
    { model: "claude-sonnet-5-5", ...anthropic(2, 10) },
    { model: "claude-sonnet-5", ...anthropic(2, 10) },
    { model: "claude-sonnet-4-6", ...anthropic(3, 15) },
    { model: "claude-sonnet-4-5", ...anthropic(3, 15), longPrompt: LONG_SONNET_4 },
    { model: "claude-sonnet-4-0", ...anthropic(3, 15), longPrompt: LONG_SONNET_4 },
    { model: "claude-sonnet-4", ...anthropic(3, 15), longPrompt: LONG_SONNET_4 },
    { model: "claude-3-7-sonnet", ...anthropic(3, 15) },
    {
      model: "claude-haiku-5-5",
      ...anthropic(0.1, 0.5),
      longPrompt: { above: 100_000, ...anthropic(0.5, 2.5) },
    },
    { model: "claude-haiku-4-5", ...anthropic(1, 5) },
    { model: "claude-3-5-haiku", ...anthropic(0.8, 4) },
    { model: "gpt-5", ...openai(1.25, 10, 0.125) },
    { model: "gpt-5-codex", ...openai(1.25, 10, 0.125) },
    { model: "gpt-5-mini", ...openai(0.25, 2, 0.025) },
    { model: "gpt-5.1", ...openai(1.25, 10, 0.125) },
    { model: "gpt-5.1-codex", ...openai(1.25, 10, 0.125) },
    { model: "gpt-5.1-codex-max", ...openai(1.25, 10, 0.125) },
    { model: "gpt-5.2", ...openai(1.75, 14, 0.175) },
    { model: "gpt-5.2-codex", ...openai(1.75, 14, 0.175) },
    { model: "gpt-5.3-codex", ...openai(1.75, 14, 0.175) },
    {
      model: "gpt-5.4",
      ...openai(2.5, 15, 0.25),
      longPrompt: { above: 272_000, ...openai(5, 22.5, 0.5) },
    },
    { model: "gpt-5.4-mini", ...openai(0.75, 4.5, 0.075) },
    { model: "gpt-5.4-nano", ...openai(0.2, 1.25, 0.02) },
    {
      model: "gpt-5.5",
      ...openai(5, 30, 0.5),
      longPrompt: { above: 272_000, ...openai(10, 45, 1) },
    },
    {
      model: "gemini-3.1-pro-preview",
      ...openai(2, 12, 0.2),
      longPrompt: { above: 200_000, ...openai(4, 18, 0.4) },
    },
  ],
};
