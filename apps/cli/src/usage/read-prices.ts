import { parsePriceList } from "@thulp-sessions/core";
import type { PriceList } from "@thulp-sessions/core/view";
import type { Context } from "../command/context.ts";
import { readText } from "../input/read-input.ts";
import { shownMessage } from "../render/text.ts";
import { usage } from "../terminal/exit.ts";

/**
 * The prices of a file, in place of those that come with the program.
 *
 * @throws {Failure} when the file cannot be read, or is no price list: what is wrong, and where.
 */
export async function readPrices(context: Context, path: string | undefined): Promise<PriceList> {
  if (path === undefined) return (await import("@thulp-sessions/transcripts/prices")).LIST_PRICES;
  const text = await readText(context, path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw usage(`--prices ${path}: it is no JSON: ${shownMessage((error as Error).message)}`);
  }
  try {
    return parsePriceList(value, "prices");
  } catch (error) {
    throw usage(`--prices ${path}: ${shownMessage((error as Error).message)} docs/transcripts.md shows one.`);
  }
}
