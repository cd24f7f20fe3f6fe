import { conformanceCases } from "@thulp-sessions/store-conformance";
import { describe, test } from "vitest";
import { openPostgresStore } from "../src/index.ts";
import { openTuned } from "../src/open-postgres-store.ts";
import { MISSING, newPlace } from "./place.ts";

interface Mode {
  readonly name: string;
  readonly parameters?: string;
  readonly optimistic?: boolean;
  readonly durability?: "full" | "relaxed";
}

const DEFAULT: Mode = { name: "as it comes" };
/** Each takes as long as the default one: all of them only where time is no matter. */
const MODES: readonly Mode[] = [
  { name: "every commit locks first", optimistic: false },
  { name: "relaxed, four lanes", durability: "relaxed", parameters: "lanes=4" },
  { name: "one statement after the other, none prepared", parameters: "pipeline=off&prepare=off" },
];
const isLong = process.env["THULP_TEST_LONG"] !== undefined;

for (const { name, parameters, optimistic = true, durability } of isLong ? [DEFAULT, ...MODES] : [DEFAULT]) {
  describe.skipIf(MISSING !== null)(`${name}${MISSING === null ? "" : ` (skipped: ${MISSING})`}`, () => {
    const factory = async () => {
      const place = newPlace();
      const options = { url: place.url(parameters), durability };
      return {
        open: () => (optimistic ? openPostgresStore(options) : openTuned(options, { optimistic })),
        dispose: place.dispose,
      };
    };

    for (const each of conformanceCases) test(`${each.id} ${each.name}`, () => each.run(factory));
  });
}
