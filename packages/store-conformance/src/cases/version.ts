import type { SessionStore } from "@thulp-sessions/core";
import { deepEqual, equal, ok, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { assistantEntry, dialogue, makeSession, range, sessionId, T0, userEntry } from "../fixtures.ts";
import { changesNothing } from "../reading.ts";

const ID = sessionId(1);

/** Every change that takes an `expectedVersion`; none of them is one that changes nothing. */
const CHANGES: Record<string, (store: SessionStore, expectedVersion?: string) => Promise<unknown>> = {
  update: (store, expectedVersion) => store.update(ID, { name: "changed" }, { at: T0, expectedVersion }),
  append: (store, expectedVersion) => store.append(ID, [userEntry(77)], { at: T0, expectedVersion }),
  truncate: (store, expectedVersion) => store.truncate(ID, 1, { at: T0, expectedVersion }),
  replace: (store, expectedVersion) =>
    store.replace(makeSession(1, { name: "replaced" }), { expectedVersion }),
  delete: (store, expectedVersion) => store.delete(ID, { expectedVersion }),
};

export const versionCases: readonly ConformanceCase[] = [
  conformanceCase(
    "version-same-everywhere",
    ["VERSION-1"],
    "every answer gives the same version",
    async (store) => {
      const steps: (() => Promise<{ version: string }>)[] = [
        () => store.create(makeSession(1, { entries: dialogue(0, 2) })),
        () => store.append(ID, dialogue(2, 4), { at: T0 }),
        () => store.update(ID, { name: "x" }, { at: T0 }),
        () => store.truncate(ID, 1, { at: T0 }),
        () => store.replace(makeSession(1, { entries: dialogue(5, 6) })),
        () => store.append(ID, dialogue(5, 6), { at: T0 }),
        () => store.truncate(ID, 1, { at: T0 }),
      ];
      for (const step of steps) {
        const { version } = await step();
        ok(typeof version === "string" && version !== "", "the version is no text");
        equal((await store.get(ID)).version, version, "the version of get");
        equal((await store.head(ID)).version, version, "the version of head");
      }
    },
  ),

  conformanceCase(
    "version-every-change",
    ["VERSION-2"],
    "every change gives a version never had before",
    async (store) => {
      const versions = [(await store.create(makeSession(1))).version];
      const note = ({ version }: { version: string }) => versions.push(version);
      // Over and over to the same contents, with the same time.
      for (const n of range(0, 4)) {
        note(await store.append(ID, [userEntry(1)], { at: T0 }));
        note(await store.update(ID, { status: "paused" }, { at: T0 }));
        note(await store.update(ID, { status: "active" }, { at: T0 }));
        note(await store.update(ID, { setContext: { n: 1 } }, { at: T0 }));
        note(await store.update(ID, { removeContext: ["n"] }, { at: T0 }));
        note(await store.append(ID, [userEntry(2), userEntry(3)], { at: T0 }));
        note(await store.truncate(ID, 1, { at: T0 }));
        note(await store.append(ID, [userEntry(2), userEntry(4)], { at: T0 }));
        note(await store.truncate(ID, 0, { at: T0 }));
        note(await store.replace(makeSession(1)));
        note(await store.replace(makeSession(1)));
        equal(new Set(versions).size, versions.length, `different versions after round ${n}`);
      }
    },
  ),

  conformanceCase(
    "version-unchanged",
    ["VERSION-3", "TRUNCATE-2", "APPEND-10"],
    "what changes nothing leaves the version",
    async (store) => {
      const { version } = await store.create(makeSession(1, { entries: dialogue(0, 3) }));
      const calls: Record<string, () => Promise<unknown>> = {
        get: () => store.get(ID),
        head: () => store.head(ID),
        readEntries: () => store.readEntries(ID, { last: 1 }),
        list: () => store.list(),
        count: () => store.count({ tag: "x" }),
        search: () => store.search({ text: "question" }),
        "a repeated append": () => store.append(ID, dialogue(0, 3), { at: T0 + 9 }),
        "an empty append": () => store.append(ID, [], { at: T0 + 9 }),
        "a truncate to as many": () => store.truncate(ID, 3, { at: T0 + 9 }),
        "a create of the same id": () => store.create(makeSession(1)).catch(() => {}),
        "a refused update": () =>
          store.update(ID, { name: "x" }, { at: T0, expectedVersion: "no" }).catch(() => {}),
        "a refused append": () => store.append(ID, [userEntry(0, "other")], { at: T0 }).catch(() => {}),
        "a refused truncate": () => store.truncate(ID, 4, { at: T0 }).catch(() => {}),
        "a change of another session": () => store.create(makeSession(2)),
      };
      for (const [what, call] of Object.entries(calls)) {
        await call();
        equal((await store.head(ID)).version, version, `the version after ${what}`);
      }
    },
  ),

  conformanceCase(
    "version-after-delete",
    ["VERSION-4", "DELETE-3"],
    "created again with other contents, no version comes back",
    async (store) => {
      const versions: string[] = [];
      // They differ only where neither the header nor the last entry shows it.
      for (const text of ["one", "two", "six"]) {
        const entries = [userEntry(0, text), assistantEntry(1)];
        versions.push((await store.create(makeSession(1, { entries }))).version);
        versions.push((await store.append(ID, [userEntry(2)], { at: T0 })).version);
        await store.delete(ID);
      }
      equal(new Set(versions).size, versions.length, "how many different versions");
      await store.create(makeSession(1, { name: "another", entries: dialogue(0, 2) }));
      await changesNothing(store, "a change with a version of the deleted session", () =>
        rejects(
          () => store.update(ID, { name: "x" }, { at: T0, expectedVersion: versions[0] }),
          "conflict",
          "the update",
        ),
      );
    },
  ),

  conformanceCase("version-expected", ["VERSION-5"], "the current version is accepted", async (store) => {
    for (const [what, change] of Object.entries(CHANGES)) {
      const { version } = await store.create(makeSession(1, { entries: dialogue(0, 3) }));
      await change(store, version);
      if (what !== "delete")
        equal((await store.head(ID)).version === version, false, `${what}: the old version`);
      equal(await store.delete(ID), what !== "delete", `there is a session after ${what}`);
    }
  }),

  conformanceCase(
    "version-conflict",
    ["VERSION-6", "CALL-2"],
    "any other version is refused",
    async (store) => {
      const { version: first } = await store.create(makeSession(1, { entries: dialogue(0, 2) }));
      const { version: other } = await store.create(makeSession(2, { entries: dialogue(0, 2) }));
      const { version } = await store.append(ID, [userEntry(2)], { at: T0 });
      await changesNothing(store, "refused changes", async () => {
        for (const stale of new Set([
          first,
          other,
          "",
          " ",
          `${version} `,
          `${version}0`,
          "0",
          "x".repeat(1000),
        ])) {
          for (const [what, change] of Object.entries(CHANGES)) {
            if (stale === version) continue;
            const error = await rejects(
              () => change(store, stale),
              "conflict",
              `${what} with ${JSON.stringify(stale.slice(0, 40))}`,
            );
            equal(error.details.currentVersion, version, `details.currentVersion of ${what}`);
            equal(error.details.sessionId, ID, `details.sessionId of ${what}`);
          }
        }
        await rejects(
          () => store.truncate(ID, 3, { at: T0, expectedVersion: first }),
          "conflict",
          "a truncate to as many entries",
        );
      });
    },
  ),

  conformanceCase(
    "version-race",
    ["VERSION-7", "CALL-4"],
    "of changes at the same time with one version one succeeds",
    async (store) => {
      const { version } = await store.create(makeSession(1));
      const results = await Promise.allSettled([
        ...range(0, 8).map((n) => store.append(ID, [userEntry(n)], { at: T0, expectedVersion: version })),
        ...range(0, 8).map((n) =>
          store.update(ID, { name: `name ${n}` }, { at: T0, expectedVersion: version }),
        ),
      ]);
      equal(results.filter(({ status }) => status === "fulfilled").length, 1, "how many succeeded");
      for (const result of results)
        if (result.status === "rejected")
          await rejects(() => Promise.reject(result.reason), "conflict", "the others");
      const { entries, metadata } = await store.get(ID);
      deepEqual([entries.length, metadata.name !== "Session 1"].map(Number).sort(), [0, 1], "the one change");
    },
  ),
];
