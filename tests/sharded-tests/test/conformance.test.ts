import { openStore } from "@thulp-sessions/config";
import { conformanceCases } from "@thulp-sessions/store-conformance";
import { describe, test } from "vitest";
import { MISSING, newFolder, schemas, writeList } from "./lists.ts";

/**
 * Calls of one session go to one shard as they are: what is merged is what may differ. All of the suite runs
 * over shards in memory (packages/store-conformance), and over these in `npm run soak`.
 */
const MERGED = /^(?:LIST|COUNT|FILTER|SEARCH|WATCH|CAPABILITY|CLOSE|LABEL)-/;

interface Fleet {
  readonly name: string;
  readonly shards: () => readonly string[];
  readonly skipped?: string | null;
}

const FLEETS: readonly Fleet[] = [
  // Two kinds, so that what differs between them meets in one answer.
  { name: "two of SQLite and a folder of files", shards: () => ["sqlite:0.db", "fs:1", "sqlite:2.db"] },
  { name: "two of PostgreSQL", shards: () => schemas(2), skipped: MISSING },
];

const cases = conformanceCases.filter(
  ({ clauses }) => process.env["SOAK"] === "1" || clauses.some((clause) => MERGED.test(clause)),
);

for (const { name, shards, skipped = null } of FLEETS) {
  describe.skipIf(skipped !== null)(`${name}${skipped === null ? "" : ` (skipped: ${skipped})`}`, () => {
    const factory = async () => {
      const { folder, dispose } = await newFolder();
      const url = await writeList(folder, shards());
      return {
        open: () => openStore(url, { durability: "relaxed" }),
        openReadOnly: () => openStore(url, { readOnly: true }),
        dispose,
      };
    };

    for (const each of cases) test(`${each.id} ${each.name}`, () => each.run(factory));
  });
}
