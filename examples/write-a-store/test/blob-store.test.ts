import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { conformanceCases, type SubjectFactory } from "@thulp-sessions/store-conformance";
import { describe, test } from "vitest";
import { openBlobStore } from "../src/blob-store.ts";

const place: SubjectFactory = async () => {
  const folder = await mkdtemp(join(tmpdir(), "blob-store-"));
  const file = join(folder, "sessions.json");
  return {
    open: () => openBlobStore({ file }),
    openReadOnly: () => openBlobStore({ file, readOnly: true }),
    dispose: () => rm(folder, { recursive: true }),
  };
};

describe("the store contract", () => {
  for (const each of conformanceCases) test(`${each.id}: ${each.name}`, () => each.run(place));
});
