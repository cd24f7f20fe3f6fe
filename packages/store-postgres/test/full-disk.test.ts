import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startPostgres } from "@thulp-sessions/testing-postgres";
import { afterAll, describe, expect, test } from "vitest";
import { newPlace } from "./place.ts";
import { entry, session } from "./session-data.ts";
import { openAt } from "./test-place.ts";

// Of its own, on a small disk in memory. The log of changes lies elsewhere: without room for that a server
// ends, and is like one that was killed.
const started = await startPostgres({ disk: "96m", settings: { autovacuum: "off" } });
const server = typeof started === "string" ? null : started;
const missing = typeof started === "string" ? ` (skipped: ${started})` : "";
afterAll(() => server?.close());

describe.skipIf(server === null)(`a database whose disk is full${missing}`, () => {
  const full = join(server?.data ?? "", "full");

  /** Takes what is left, to the last block. */
  function fill(): void {
    const { bavail, bsize } = statfsSync(join(full, ".."));
    writeFileSync(full, Buffer.alloc(bavail * bsize));
  }

  test("writes are refused with io and a reason, reads go on, and with room again everything is as ever", {
    timeout: 120_000,
  }, async () => {
    const store = await openAt(newPlace(server?.url).url());
    const created = session();
    const { id } = created.metadata;
    await store.create(created);
    const acknowledged: string[] = [];
    const append = async () => {
      const given = entry({ content: "x".repeat(1_000) });
      await store.append(id, [given], { at: 2 });
      acknowledged.push(given.id);
    };
    for (let i = 0; i < 20; i++) await append();
    fill();
    // What has room in the last page of a table is still written.
    const untilRefused = async () => {
      for (let i = 0; i < 200; i++) await append();
    };
    await expect(untilRefused()).rejects.toMatchObject({
      code: "io",
      message: expect.stringContaining("The disk of the server is full: make room on it."),
    });
    expect((await store.head(id)).entryCount).toBe(acknowledged.length);
    expect((await store.get(id)).entries.map((each) => each.id)).toEqual(acknowledged);
    expect((await store.list()).items).toHaveLength(1);
    rmSync(full);
    await append();
    expect((await store.get(id)).entries.map((each) => each.id)).toEqual(acknowledged);
  });
});
