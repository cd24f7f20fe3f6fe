import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newUuid, type SessionId, type SessionStore } from "@thulp-sessions/core";
import { shardOf } from "@thulp-sessions/core/sharded";
import { expect, onTestFinished, test } from "vitest";
import { maintenanceOf, openStore } from "../src/index.ts";
import { tempFolder } from "./temp-folder.ts";

const SQLITE = [0, 1, 2].map((i) => `sqlite:${i}.db`);

async function list(
  shards: unknown,
  folder?: string,
): Promise<{ folder: string; url: string; file: string }> {
  const place = folder ?? (await tempFolder());
  const file = join(place, `list-${newUuid()}.json`);
  await writeFile(file, JSON.stringify({ shards }));
  return { folder: place, file, url: `shards:${file}` };
}

async function open(url: string, readOnly = false): Promise<SessionStore> {
  const store = await openStore(url, { readOnly });
  onTestFinished(() => store.close());
  return store;
}

async function fill(store: SessionStore, count: number): Promise<void> {
  for (let i = 0; i < count; i++)
    await store.create({
      metadata: {
        id: newUuid() as SessionId,
        name: `Session ${i}`,
        sessionType: { type: "conversation", purpose: "test" },
        createdAt: i,
        updatedAt: i,
        status: "active",
        tags: [],
        parentSession: null,
      },
      context: {},
      entries: [],
    });
}

test("a list is read relative to its file, and each session lies in the shard that its id says", async () => {
  const { folder, url } = await list(["sqlite:0.db", "fs:1", "sqlite:2.db"]);
  const store = await open(url);
  expect([store.kind, store.location]).toEqual(["shards", url]);
  expect(store.capabilities).toEqual({ persistent: true, shared: true, exactNumbers: false, writable: true });
  await fill(store, 30);
  const { items } = await store.list();
  expect(items.map(({ updatedAt }) => updatedAt)).toEqual(Array.from({ length: 30 }, (_, i) => 29 - i));
  await store.close();
  for (const [i, shard] of ["sqlite:0.db", "fs:1", "sqlite:2.db"].entries()) {
    const part = await openStore(shard, { cwd: folder });
    const own = (await part.list()).items.map(({ id }) => shardOf(id, 3));
    expect(own.length).toBeGreaterThan(0);
    expect(new Set(own)).toEqual(new Set([i]));
    await part.close();
  }
});

test("another list than the one with which the shards were made is refused, and nothing is changed", async () => {
  const { folder, url } = await list(SQLITE);
  await fill(await open(url), 5);
  const [a, b, c] = SQLITE;
  const others = await list(["sqlite:x.db", "sqlite:y.db", "sqlite:z.db"], folder);
  await open(others.url);
  for (const [shards, reason] of [
    [[a, c, b], "is shard 3 of its list, and stands here at place 2"],
    [[a, b], "is one of 3 shards, and the list has 2"],
    [[a, b, c, "sqlite:d.db"], "is one of 3 shards, and the list has 4"],
    [[a, b, "sqlite:z.db"], "belong to two lists"],
    [[a, b, "sqlite:new.db"], "belongs to no list, and others do"],
  ] as const) {
    const { url: wrong } = await list(shards, folder);
    await expect(openStore(wrong), reason).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining(reason),
    });
  }
  expect(await (await open(url, true)).count()).toBe(5);
  expect(await (await open(others.url)).count()).toBe(0);
});

test("a shard whose database was lost is not taken for an empty one", async () => {
  const { folder, url } = await list(SQLITE);
  const store = await open(url);
  await fill(store, 20);
  await store.close();
  for (const suffix of ["", "-wal", "-shm"]) await rm(join(folder, `1.db${suffix}`), { force: true });
  await expect(openStore(url)).rejects.toMatchObject({ code: "unsupported" });
});

test("a new list is made of empty stores only, and an interrupted beginning is finished", async () => {
  const { folder, url } = await list(SQLITE);
  const first = await openStore(SQLITE[1] as string, { cwd: folder });
  await fill(first, 1);
  await expect(openStore(url)).rejects.toMatchObject({
    message: expect.stringMatching(/shard 2 of 3, sqlite:.*1\.db holds 1 session/s),
  });
  const [session] = (await first.list()).items;
  await first.delete(session?.id ?? "");
  await first.close();
  // As if the program had ended after the first shard.
  const { MemoryStore } = await import("@thulp-sessions/core/memory");
  const { openShardedStore } = await import("@thulp-sessions/core/sharded");
  const memories = SQLITE.map(() => new MemoryStore());
  await openShardedStore({ shards: memories.map((store) => ({ name: "m", open: async () => store })) });
  const label = await memories[0]?.readLabel();
  const begun = await openStore(SQLITE[0] as string, { cwd: folder });
  await (begun as InstanceType<typeof MemoryStore>).claimLabel(label ?? "");
  await begun.close();
  await fill(await open(url), 3);
});

test.each([
  ["{", "it is not JSON"],
  ["[]", "it has no list of shards"],
  ['{"shards":[]}', "1 to 1000 shards"],
  ['{"shards":[7]}', "not a list of texts"],
  ['{"shards":["sqlite:a"],"more":1}', 'the key "more" is unknown'],
  ['{"shards":["sqlite:a","sqlite:./a"]}', "shards[1] is shards[0] again"],
  ['{"shards":["http://127.0.0.1:1"]}', "is to be a sqlite:, fs: or postgres: store"],
  ['{"shards":["shards:x"]}', "is to be a sqlite:, fs: or postgres: store"],
  ['{"shards":["memory:"]}', "is to be a sqlite:, fs: or postgres: store"],
])("a file that is no list is refused: %s", async (text, reason) => {
  const file = join(await tempFolder(), "list.json");
  await writeFile(file, text);
  await expect(openStore(`shards:${file}`)).rejects.toMatchObject({
    code: "invalid_input",
    message: expect.stringContaining(reason),
  });
});

test("a file that is not there is said so", async () => {
  await expect(openStore(`shards:${join(await tempFolder(), "none.json")}`)).rejects.toMatchObject({
    message: expect.stringContaining("there is no such file"),
  });
});

test.skipIf(process.platform === "win32")(
  "passwords are shown nowhere, and only the owner may read them",
  async () => {
    const { file, url } = await list(["postgres://me:hunter2@127.0.0.1:1/db", "postgres://me:hunter2@/x y"]);
    await chmod(file, 0o644);
    const refused = await openStore(url).catch((error: Error) => error);
    expect(refused).toMatchObject({ message: expect.stringContaining("chmod 600") });
    await chmod(file, 0o600);
    const unreachable = await openStore(url).catch((error: Error) => error);
    for (const error of [refused, unreachable]) expect(String(error)).not.toContain("hunter2");
    expect(unreachable).toMatchObject({ message: expect.stringContaining("shards[1] of ") });
  },
);

test("check reads every shard, and finds sessions that were put into another shard than theirs", async () => {
  const { folder, url } = await list(SQLITE);
  const store = await open(url);
  await fill(store, 4);
  const maintenance = await maintenanceOf(url, folder);
  expect(await maintenance?.check()).toEqual([]);
  const stray = newUuid() as SessionId;
  const wrong = (shardOf(stray, 3) + 1) % 3;
  const part = await openStore(SQLITE[wrong] as string, { cwd: folder });
  const [session] = (await store.list({ limit: 1 })).items;
  if (!session) throw new Error("There is none.");
  await part.create({ metadata: { ...session, id: stray }, context: {}, entries: [] });
  await part.close();
  expect(await maintenance?.check()).toMatchObject([
    { kind: "misplaced", sessionId: stray, reason: expect.stringContaining(`shard ${wrong + 1} of 3`) },
  ]);
});

test("a shard that is away when the store is opened is busy, and is used when it is there", async () => {
  const folder = await tempFolder();
  for (const name of ["0", "1"]) await mkdir(join(folder, name));
  const { url } = await list(["fs:0", "sqlite:1/x.db"], folder);
  const made = await open(url);
  await fill(made, 10);
  await made.close();
  await rename(join(folder, "0"), join(folder, "away"));
  // A file in the place of the folder, so that no new folder is made.
  await writeFile(join(folder, "0"), "");
  const warnings: string[] = [];
  const store = await openStore(url, { onWarning: ({ message }) => warnings.push(message) });
  onTestFinished(() => store.close());
  expect(warnings).toEqual([expect.stringMatching(/shard 1 of 2, fs:.*is away/)]);
  await expect(store.list()).rejects.toMatchObject({
    code: "busy",
    message: expect.stringContaining("hard 1 of 2"),
  });
  await rm(join(folder, "0"));
  await rename(join(folder, "away"), join(folder, "0"));
  await expect.poll(() => store.count().catch(() => 0), { timeout: 5_000 }).toBe(10);
});
