import { conformanceCases } from "@thulp-sessions/store-conformance";
import { openFileStore } from "@thulp-sessions/store-fs";
import { describe, test } from "vitest";
import { makeFolder, removeFolder } from "./temporary-folder.ts";

describe.each(["full", "relaxed"] as const)("at durability %s", (durability) => {
  for (const { id, name, run } of conformanceCases) {
    test(`${id} ${name}`, () =>
      run(async () => {
        const dir = makeFolder();
        return {
          open: () => openFileStore({ dir, durability }),
          openReadOnly: () => openFileStore({ dir, readOnly: true }),
          dispose: async () => removeFolder(dir),
        };
      }));
  }
});
