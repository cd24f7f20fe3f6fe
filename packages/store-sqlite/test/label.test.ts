import { join } from "node:path";
import { expect, test } from "vitest";
import { recoverSqliteFile } from "../src/index.ts";
import { session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

test("a label is kept by the file, and in what is recovered of it and backed up", async () => {
  const folder = await tempFolder();
  const [file, recovered, copy] = ["a.db", "b.db", "c.db"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const store = await openAt(file);
  await store.create(session());
  expect(await store.claimLabel("shard 1")).toBe("shard 1");
  await store.backup(copy);
  await store.close();
  await recoverSqliteFile({ from: file, to: recovered });
  for (const each of [file, recovered, copy]) {
    const again = await openAt(each);
    expect(await again.readLabel(), each).toBe("shard 1");
    expect(await again.count(), each).toBe(1);
  }
});
