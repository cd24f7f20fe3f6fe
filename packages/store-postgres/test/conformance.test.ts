import { conformanceCases } from "@thulp-sessions/store-conformance";
import { describe, inject, test } from "vitest";
import { openPostgresStore, type PostgresStoreOptions } from "../src/index.ts";
import { openTuned } from "../src/open-tuned.ts";
import { databaseAt, searchedBy, settle } from "./index-states.ts";
import { MISSING, newPlace, type Place } from "./place.ts";

interface Mode {
  readonly name: string;
  readonly parameters?: string;
  readonly optimistic?: boolean;
  readonly durability?: "full" | "relaxed";
  /** Where texts have another order, and other small letters. */
  readonly isTurkish?: boolean;
}

const DEFAULT: Mode = { name: "as it comes" };
/** Each takes as long as the default one: all of them only where time is no matter. */
const MODES: readonly Mode[] = [
  { name: "every commit locks first", optimistic: false },
  { name: "relaxed, four lanes", durability: "relaxed", parameters: "lanes=4" },
  { name: "a database with a Turkish locale", isTurkish: true },
  { name: "one statement after the other, none prepared", parameters: "pipeline=off&prepare=off" },
];
const isLong = process.env["SOAK"] === "1";

/** Made by the first test that needs it, and left to the server that is gone with the tests. */
const turkish = `turkish_${process.pid}`;
let isMade: Promise<unknown> | undefined;

const MAKE_TURKISH = `
  CREATE DATABASE ${turkish} TEMPLATE template0 ENCODING 'UTF8'
  LOCALE_PROVIDER icu ICU_LOCALE 'tr' LOCALE 'C'`;

type Options = Omit<PostgresStoreOptions, "url">;

/** A store that does not index writes, and settles; then another one over the same tables searches. */
function openSearchedByAnother(place: Place) {
  const open = async (options: Options) => {
    const database = databaseAt(place.url(OFF));
    const [writer, searching] = [
      await openPostgresStore({ ...options, url: place.url(OFF) }),
      await openPostgresStore({ ...options, url: place.url() }),
    ];
    return searchedBy(
      writer,
      searching,
      () => settle(database),
      () => database.close(),
    );
  };
  return { open: () => open({}), openReadOnly: () => open({ readOnly: true }), dispose: place.dispose };
}

const OFF = "search=off";
/** How a text is matched does not depend on what is indexed: only what follows changes. */
const SHORT_OF_IT = [
  "search-names",
  "search-follows",
  "search-pages-meanwhile",
  "keep-search",
  "model-walk-1",
];

describe.skipIf(MISSING !== null)("search=off, searched by another store", () => {
  // A search of this pair is two calls of which the second may come after `close`.
  const cases = conformanceCases.filter(({ id }) =>
    isLong ? !id.startsWith("close") : SHORT_OF_IT.includes(id),
  );
  for (const each of cases)
    test(`${each.id} ${each.name}`, () => each.run(async () => openSearchedByAnother(newPlace())));
});

for (const mode of isLong ? [DEFAULT, ...MODES] : [DEFAULT]) {
  const { name, parameters, optimistic = true, durability, isTurkish = false } = mode;
  describe.skipIf(MISSING !== null)(`${name}${MISSING === null ? "" : ` (skipped: ${MISSING})`}`, () => {
    const factory = async () => {
      if (isTurkish) isMade ??= newPlace().ask(MAKE_TURKISH);
      await isMade;
      const place = newPlace(isTurkish ? inject("postgresUrl")?.replace(/[^/]+$/, turkish) : undefined);
      const options = { url: place.url(parameters), durability };
      return {
        open: () => (optimistic ? openPostgresStore(options) : openTuned(options, { optimistic })),
        openReadOnly: () => openPostgresStore({ ...options, readOnly: true }),
        dispose: place.dispose,
      };
    };

    for (const each of conformanceCases) test(`${each.id} ${each.name}`, () => each.run(factory));
  });
}
