import { SessionManager } from "@thulp-sessions/core";
import { expect, test } from "vitest";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

test("a list does not look through a long session again for a result that is not there, and finds new ones", async () => {
  const file = `${await tempFolder()}/sessions.db`;
  const [store, other] = [await openAt(file), await openAt(file)];
  const { metadata } = session();
  const { id } = metadata;
  await store.create(session({ id }));
  const add = (on: typeof store, count: number, score?: number) =>
    on.append(
      id,
      Array.from({ length: count }, () =>
        score === undefined
          ? entry({ text: "x" })
          : entry(null, { type: "evaluation_result", score, metrics: {} }),
      ),
      { at: 2000 },
    );
  let read = 0;
  const { views } = store;
  const envelopes = views.envelopes?.bind(views);
  Object.assign(views, {
    envelopes: async (...given: Parameters<NonNullable<typeof envelopes>>) => {
      const { after, before } = given[1];
      read += before - after - 1;
      return envelopes?.(...given);
    },
  });
  const score = async () => {
    read = 0;
    const { items } = await new SessionManager(store).views.rows({ include: ["counts", "score"] });
    return items.find((row) => row.id === id)?.score;
  };

  await add(store, 3000);
  expect(await score()).toBe(null);
  expect(read).toBeGreaterThanOrEqual(3000);
  expect(await score()).toBe(null);
  expect(read).toBe(0);
  // What another process adds.
  await add(other, 10);
  expect(await score()).toBe(null);
  expect(read).toBe(10);
  await add(other, 1, 0.5);
  const { entryCount } = await store.head(id);
  expect(await score()).toEqual({ score: 0.5, seq: entryCount - 1 });
  await add(store, 5);
  expect(await score()).toEqual({ score: 0.5, seq: entryCount - 1 });
  expect(read).toBe(5);
  // What was found is taken back, and something else comes in its place.
  await other.truncate(id, entryCount - 1, { at: 3000 });
  expect(await score()).toBe(null);
  await other.truncate(id, entryCount - 10, { at: 3000 });
  await add(other, 1, 0.25);
  await add(other, 20);
  expect(await score()).toEqual({ score: 0.25, seq: entryCount - 10 });
});
