import { z } from "zod";
import type { PriceList } from "../entry-view/prices.ts";
import { parseInput } from "../store/validate.ts";

const price = z.number().min(0).max(1_000_000);
const tokenPrices = {
  input: price,
  output: price,
  cacheRead: price.optional(),
  cacheWrite: price.optional(),
  cacheWriteHour: price.optional(),
};
const day = z.iso.date({ error: "is no day, as 2026-11-30" });

const priceListSchema = z.strictObject({
  asOf: day,
  source: z.string().min(1).max(1000),
  models: z
    .array(
      z.strictObject({
        model: z
          .string()
          .min(1)
          .max(256)
          .regex(/^[^*]*\*?$/, { error: "may have a * at its end only" }),
        from: day.optional(),
        ...tokenPrices,
        longPrompt: z.strictObject({ above: z.int().min(1), ...tokenPrices }).optional(),
      }),
    )
    .min(1)
    .max(10_000),
});

/**
 * A {@link PriceList} that somebody else has written.
 *
 * @param what names the value in the error.
 * @throws {SessionError} invalid_input that names the first field that is wrong.
 */
export function parsePriceList(value: unknown, what: string): PriceList {
  return parseInput(priceListSchema, value, what);
}
