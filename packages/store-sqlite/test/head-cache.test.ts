import { join } from "node:path";
import { expect, test } from "vitest";
import { HeadCache } from "../src/tables/head-cache.ts";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder, tempStore } from "./temp-store.ts";

test("a head that is read again is the same one, until the session changes", async () => {
  const store = await tempStore();
  const { metadata } = session();
  const { id } = metadata;
  const other = session();
  await store.create(session({ id }));
  await store.create(other);
  const first = await store.head(id);
  await store.append(other.metadata.id, [entry({ text: "more" })], { at: 2000 });
  expect(await store.head(id)).toBe(first);
  expect(Object.isFrozen(first.context)).toBe(true);

  await store.append(id, [entry({ text: "more" })], { at: 2000 });
  expect((await store.head(id)).entryCount).toBe(first.entryCount + 1);
  const { version } = await store.update(id, { name: "another" }, { at: 3000 });
  expect(await store.head(id)).toMatchObject({ version, metadata: { name: "another" } });
  await store.truncate(id, 0, { at: 4000 });
  expect((await store.head(id)).entryCount).toBe(0);
  await store.delete(id);
  await expect(store.head(id)).rejects.toMatchObject({ code: "not_found" });
});

test("what another connection commits is in the next head, and in that of every session", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const [store, other] = [await openAt(file), await openAt(file)];
  const sessions = [session(), session()];
  for (const each of sessions) await store.create(each);
  for (let turn = 1; turn <= 3; turn++) {
    for (const { metadata } of sessions) {
      await store.head(metadata.id);
      await other.append(metadata.id, [entry({ text: "more" })], { at: 2000 });
    }
    for (const { metadata } of sessions)
      expect((await store.head(metadata.id)).entryCount).toBe((await other.head(metadata.id)).entryCount);
  }
  const [{ metadata } = session()] = sessions;
  await store.head(metadata.id);
  await other.delete(metadata.id);
  await expect(store.head(metadata.id)).rejects.toMatchObject({ code: "not_found" });
});

test("a head with a large context is not cached, and of others no more than a thousand", async () => {
  const store = await tempStore();
  const large = { ...session(), context: { text: "x".repeat(5000) } };
  await store.create(large);
  const { id } = large.metadata;
  expect(await store.head(id)).not.toBe(await store.head(id));

  const heads = new HeadCache({ dataVersion: () => 1 });
  const head = await store.head(id);
  const ids = Array.from({ length: 1001 }, () => session().metadata.id);
  heads.get(id);
  for (const each of ids) heads.put({ ...head, metadata: { ...head.metadata, id: each } }, 2);
  expect(ids.filter((each) => heads.get(each)).length).toBeLessThanOrEqual(1000);
  expect(heads.get(ids.at(-1) ?? id)).toBeDefined();
});
