import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { conformanceCases } from "@thulp-sessions/store-conformance";
import { describe, test } from "vitest";
import { openSqliteStore } from "../src/index.ts";

/** To SQLite the other one is a PRAGMA. */
const DURABILITIES = process.env["SOAK"] === "1" ? (["full", "relaxed"] as const) : (["full"] as const);

describe.each(DURABILITIES)("durability %s", (durability) => {
  const factory = async () => {
    const folder = await mkdtemp(join(tmpdir(), "store-sqlite-"));
    const file = join(folder, "sessions.db");
    return {
      open: () => openSqliteStore({ file, durability }),
      openReadOnly: () => openSqliteStore({ file, readOnly: true }),
      dispose: () => rm(folder, { recursive: true, force: true }),
    };
  };

  for (const each of conformanceCases) test(`${each.id} ${each.name}`, () => each.run(factory));
});
