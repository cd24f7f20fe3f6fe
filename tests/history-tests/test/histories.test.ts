import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "@thulp-sessions/config";
import type { SessionStore } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import type { Durability } from "@thulp-sessions/core/store";
import { startServerProgram, tempFolder } from "@thulp-sessions/testing";
import { startPostgres } from "@thulp-sessions/testing-postgres";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { findUnexplained, ROUNDS } from "./histories.ts";

/** Two handles in this process, and one of a server in another. */
async function handlesOf(url: string, durability: Durability): Promise<SessionStore[]> {
  const server = await startServerProgram(["--store", url, "--durability", durability]);
  return Promise.all([opened(url, durability), opened(url, durability), opened(server.url)]);
}

async function opened(url: string, durability?: Durability): Promise<SessionStore> {
  const store = await openStore(url, { durability });
  onTestFinished(() => store.close());
  return store;
}

const MINUTES = 60_000;
const postgres = await startPostgres({ settings: { fsync: "off" } });
const isMissing = typeof postgres === "string";
afterAll(() => (isMissing ? undefined : postgres.close()));

test(
  "memory",
  async () => {
    expect(await findUnexplained([new MemoryStore()], ROUNDS)).toBeNull();
  },
  5 * MINUTES,
);

test.each(["full", "relaxed"] as const)(
  "fs, from two processes, durability %s",
  async (durability) => {
    const url = `fs:${join(tempFolder(), "sessions")}`;
    expect(await findUnexplained(await handlesOf(url, durability), ROUNDS)).toBeNull();
  },
  10 * MINUTES,
);

test.each(["full", "relaxed"] as const)(
  "sqlite, from two processes, durability %s",
  async (durability) => {
    const url = `sqlite:${join(tempFolder(), "sessions.db")}`;
    expect(await findUnexplained(await handlesOf(url, durability), ROUNDS)).toBeNull();
  },
  10 * MINUTES,
);

test.skipIf(isMissing)(
  `postgres, from two processes${isMissing ? ` (skipped: ${postgres})` : ""}`,
  async () => {
    const url = isMissing ? "" : postgres.url;
    expect(await findUnexplained(await handlesOf(url, "full"), ROUNDS)).toBeNull();
  },
  10 * MINUTES,
);

test(
  "shards of two kinds, from two processes",
  async () => {
    const folder = tempFolder();
    const file = join(folder, "shards.json");
    writeFileSync(file, JSON.stringify({ shards: ["sqlite:0.db", "fs:1", "sqlite:2.db"] }));
    // What goes to one shard goes through its store as above: fewer rounds find what does not.
    const rounds = Math.ceil(ROUNDS / 5);
    expect(await findUnexplained(await handlesOf(`shards:${file}`, "relaxed"), rounds)).toBeNull();
  },
  10 * MINUTES,
);

test(
  "a server over memory, from two clients",
  async () => {
    const server = await startServerProgram(["--store", "memory:"]);
    const handles = await Promise.all([opened(server.url), opened(server.url)]);
    expect(await findUnexplained(handles, ROUNDS)).toBeNull();
  },
  5 * MINUTES,
);
