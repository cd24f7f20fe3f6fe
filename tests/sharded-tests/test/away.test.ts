import { isSessionError, SessionError, type SessionStore } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { openShardedStore } from "@thulp-sessions/core/sharded";
import { startPostgres } from "@thulp-sessions/testing-postgres";
import { describe, expect, onTestFinished, test } from "vitest";
import { MISSING, newFolder, opened, schemas, writeList } from "./lists.ts";
import { createSession, entry, idIn } from "./sessions.ts";

/** Every call that needs all shards. */
const MERGED: Record<string, (store: SessionStore) => Promise<unknown>> = {
  list: (store) => store.list(),
  "list by a filter that nothing matches": (store) => store.list({ filter: { tag: "none" } }),
  "list with heads": (store) => store.list({ heads: true, limit: 1 }),
  count: (store) => store.count(),
  "count by value": (store) => store.count({}, { by: "tag", limit: 1 }),
  search: (store) => store.search({ text: "needle", limit: 1 }),
  "ranked search": (store) => store.search({ text: "needle", order: "rank" }),
  watch: (store) => store.watch(),
};

async function codes(calls: Record<string, () => Promise<unknown>>): Promise<Record<string, unknown>> {
  const outcomes = Object.entries(calls).map(async ([name, call]) => {
    try {
      await call();
      return [name, "answered"];
    } catch (error) {
      return [name, isSessionError(error) ? error.code : error];
    }
  });
  return Object.fromEntries(await Promise.all(outcomes));
}

const all = (store: SessionStore) =>
  codes(Object.fromEntries(Object.entries(MERGED).map(([name, call]) => [name, () => call(store)])));

const each = (code: string, calls: Record<string, unknown>) =>
  Object.fromEntries(Object.keys(calls).map((name) => [name, code]));

/** A store in memory that can be cut off. */
class Cuttable extends MemoryStore {
  isAway = false;

  protected override run<T>(call: () => Promise<T>): Promise<T> {
    return super.run(() => {
      if (this.isAway) throw new SessionError("io", "memory: connection refused");
      return call();
    });
  }

  override watch(...given: Parameters<MemoryStore["watch"]>): ReturnType<MemoryStore["watch"]> {
    return this.isAway
      ? Promise.reject(new SessionError("io", "memory: connection refused"))
      : super.watch(...given);
  }
}

test("while a shard is away its sessions and all that is merged are busy, the others are as ever", async () => {
  const parts = [new Cuttable(), new Cuttable(), new Cuttable()];
  const store = await openShardedStore({
    shards: parts.map((part, i) => ({ name: `memory ${i}`, open: async () => part })),
  });
  const ids = [0, 1, 2].map((shard) => idIn(shard, 3));
  for (const id of ids) await createSession(store, id);
  const [first = "", away = ""] = ids;
  const change = { at: 2 };
  const calls = (id: string) => ({
    get: () => store.get(id),
    head: () => store.head(id),
    readEntries: () => store.readEntries(id),
    append: () => store.append(id, [entry("more")], change),
    update: () => store.update(id, { name: "x" }, change),
    truncate: () => store.truncate(id, 1, change),
    list: () => store.list({ filter: { ids: [id as never] } }),
    count: () => store.count({ ids: [id as never] }),
    search: () => store.search({ text: "needle", filter: { ids: [id as never] } }),
    watch: () => store.watch({ id: id as never }),
  });
  (parts[1] as Cuttable).isAway = true;
  expect(await codes(calls(away))).toEqual(each("busy", calls(away)));
  expect(await all(store)).toEqual(each("busy", MERGED));
  expect(await codes(calls(first))).toEqual(each("answered", calls(first)));
  await expect(store.list()).rejects.toMatchObject({
    message: "Shard 2 of 3, memory 1 cannot answer now: memory: connection refused",
  });
  (parts[1] as Cuttable).isAway = false;
  expect(await all(store)).toEqual(each("answered", MERGED));
  expect((await store.list()).items).toHaveLength(3);
  await store.close();
});

test("a write of which nobody knows whether it was carried out is not said to be undone", async () => {
  class Lossy extends MemoryStore {
    protected override async doUpdate(): Promise<never> {
      throw new SessionError("io", "the answer was lost", { details: { outcome: "unknown" } });
    }
  }
  const store = await openShardedStore({ shards: [{ name: "lossy", open: async () => new Lossy() }] });
  const id = idIn(0, 1);
  await createSession(store, id);
  await expect(store.update(id, {}, { at: 1 })).rejects.toMatchObject({
    code: "io",
    message: expect.stringContaining("Shard 1 of 1, lossy"),
    details: { outcome: "unknown" },
  });
  await store.close();
});

describe.skipIf(MISSING !== null)(`servers${MISSING === null ? "" : ` (skipped: ${MISSING})`}`, () => {
  test("one that is killed is busy with all that is merged, and comes back with every session", async () => {
    const server = await startPostgres();
    if (typeof server === "string") throw new Error(server);
    onTestFinished(() => server.close());
    const { folder, dispose } = await newFolder();
    onTestFinished(dispose);
    const url = await writeList(folder, [...schemas(2), ...schemas(1, server.url)]);
    const store = await opened(url, "full");
    const ids = [0, 1, 2].map((shard) => idIn(shard, 3));
    for (const id of ids) await createSession(store, id);
    const following = await store.watch();
    onTestFinished(async () => void (await following.return?.()));
    await server.kill();
    // What is under way is repeated for 10 s: a failover takes as long.
    const [merged, read, written] = await Promise.all([
      all(store),
      codes({ get: () => store.get(ids[2] ?? "") }),
      store.append(ids[2] ?? "", [entry("x")], { at: 2 }).catch((error: unknown) => error),
    ]);
    // Who watches already joins the watch that there is, which is told when the server is back.
    expect(merged).toEqual({ ...each("busy", MERGED), watch: "answered" });
    expect(read).toEqual({ get: "busy" });
    // Where the statement was sent before the connection broke, nobody knows what became of it.
    const isKnown = isSessionError(written, "busy") || (isSessionError(written) && written.details.outcome);
    expect(isKnown, String(written)).toBeTruthy();
    expect((await store.get(ids[0] ?? "")).entries).toHaveLength(2);
    await store.append(ids[0] ?? "", [entry("meanwhile")], { at: 3 });
    await server.start();
    expect((await store.list()).items.map(({ id }) => id).sort()).toEqual([...ids].sort());
    await store.append(ids[2] ?? "", [entry("again")], { at: 4 });
    const told = new Set<string>();
    for (;;) {
      const { value } = await following.next();
      told.add(value.type === "reset" ? "reset" : value.id);
      if (told.has(ids[2] ?? "") || told.has("reset")) break;
    }
    expect(told.size).toBeGreaterThan(0);
  });
});
