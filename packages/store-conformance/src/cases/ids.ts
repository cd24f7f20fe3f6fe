import type { SessionEntry, SessionStore } from "@thulp-sessions/core";
import { deepEqual, equal, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { dialogue, makeSession, sessionId, T0, userEntry } from "../fixtures.ts";
import { changesNothing } from "../reading.ts";

const VALID = "01890a5d-ac96-774b-bcce-b302099a8057";
const HOSTILE: readonly unknown[] = [
  "",
  " ",
  "x",
  "__proto__",
  "constructor",
  "..",
  "../../etc/passwd",
  `../${VALID}`,
  `${VALID}.json`,
  `${VALID}\0`,
  `\0${VALID.slice(1)}`,
  ` ${VALID}`,
  `${VALID}\n`,
  `{${VALID}}`,
  `urn:uuid:${VALID}`,
  VALID.replaceAll("-", ""),
  VALID.replace("-", "/"),
  VALID.replaceAll("-", "\u2010"),
  `${VALID.slice(0, -1)}g`,
  `${VALID.slice(0, -1)}%`,
  `${VALID.slice(0, -1)}'`,
  `${VALID.slice(0, -1)}\u0663`,
  `${VALID.slice(0, -1)}\uff11`,
  `${VALID.slice(0, -1)}\ud800`,
  // Their lower case is ASCII, or longer than they are.
  `${VALID.slice(0, -1)}\u212a`,
  `${VALID.slice(0, -1)}\u0130`,
  VALID.repeat(2),
  "a".repeat(100_000),
  undefined,
  null,
  0,
  {},
  [VALID],
  Symbol.iterator,
];

const CALLS: Record<string, (store: SessionStore, id: string) => Promise<unknown>> = {
  create: (store, id) => store.create(withId(id)),
  get: (store, id) => store.get(id),
  head: (store, id) => store.head(id),
  update: (store, id) => store.update(id, { name: "x" }, { at: T0 }),
  append: (store, id) => store.append(id, [userEntry(1)], { at: T0 }),
  readEntries: (store, id) => store.readEntries(id),
  truncate: (store, id) => store.truncate(id, 0, { at: T0 }),
  replace: (store, id) => store.replace(withId(id)),
  delete: (store, id) => store.delete(id),
};

function withId(id: string) {
  const session = makeSession(1);
  return { ...session, metadata: { ...session.metadata, id: id as typeof session.metadata.id } };
}

export const idCases: readonly ConformanceCase[] = [
  conformanceCase(
    "id-hostile",
    ["ID-2", "CALL-1", "CALL-2"],
    "what is no id is refused everywhere",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 2) }));
      await changesNothing(store, "hostile ids", async () => {
        for (const id of HOSTILE) {
          for (const [method, call] of Object.entries(CALLS))
            await rejects(() => call(store, id as string), "invalid_input", `${method} of ${shown(id)}`);
          if (id !== undefined)
            await rejects(() => store.watch({ id: id as never }), "invalid_input", `watch of ${shown(id)}`);
          if (id !== null)
            await rejects(
              () =>
                store.create({
                  ...makeSession(2),
                  metadata: { ...makeSession(2).metadata, parentSession: id as never },
                }),
              "invalid_input",
              `a parent ${shown(id)}`,
            );
        }
      });
    },
  ),

  conformanceCase("id-hostile-entry", ["ID-3", "CALL-2"], "what is no entry id is refused", async (store) => {
    await store.create(makeSession(1));
    await changesNothing(store, "hostile entry ids", async () => {
      for (const id of HOSTILE) {
        const entry = { ...userEntry(1), id: id as SessionEntry["id"] };
        await rejects(
          () => store.append(sessionId(1), [entry], { at: T0 }),
          "invalid_input",
          `append of ${shown(id)}`,
        );
        await rejects(
          () => store.create(makeSession(2, { entries: [entry] })),
          "invalid_input",
          `create with ${shown(id)}`,
        );
      }
    });
  }),

  conformanceCase("id-upper-case", ["ID-1"], "upper case names the same session", async (store) => {
    const upper = VALID.toUpperCase();
    const { metadata } = await store.create({
      ...withId(upper),
      metadata: { ...withId(upper).metadata, parentSession: upper as never },
    });
    equal(metadata.id as string, VALID, "the id in the answer");
    equal(metadata.parentSession as string | null, VALID, "the parent in the answer");
    await rejects(() => store.create(withId(VALID)), "already_exists", "create in lower case");
    for (const id of [VALID, upper, `${upper.slice(0, 18)}${VALID.slice(18)}`]) {
      equal((await store.get(id)).metadata.id as string, VALID, `get of ${id}`);
      equal((await store.head(id)).metadata.id as string, VALID, `head of ${id}`);
    }
    await store.append(upper, dialogue(0, 2), { at: T0 });
    equal((await store.readEntries(upper)).items.length, 2, "the entries");
    await store.update(upper, { name: "renamed" }, { at: T0 });
    await store.truncate(upper, 1, { at: T0 });
    await store.replace({ ...withId(upper), entries: [userEntry(9)] });
    deepEqual(
      (await store.list()).items.map(({ id }) => id as string),
      [VALID],
      "the list",
    );
    equal(await store.delete(upper), true, "delete");
    equal(await store.count(), 0, "count after delete");
  }),

  conformanceCase("id-any-uuid", ["ID-1"], "a UUID of any version", async (store) => {
    const ids = [
      "00000000-0000-0000-0000-000000000000",
      "ffffffff-ffff-ffff-ffff-ffffffffffff",
      "550e8400-e29b-41d4-a716-446655440000",
      "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
      VALID,
    ];
    for (const id of ids) await store.create(withId(id));
    for (const id of ids) equal((await store.get(id)).metadata.id as string, id, "the id");
    deepEqual(
      (await store.list({ direction: "asc" })).items.map(({ id }) => id as string),
      ids.toSorted(),
      "the list",
    );
  }),
];

function shown(id: unknown): string {
  return typeof id === "string" ? JSON.stringify(id.slice(0, 50)) : String(id);
}
