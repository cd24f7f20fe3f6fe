import { countEntries, headOf } from "@thulp-sessions/core/store";
import { deepEqual, equal } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { createAll, dialogue, makeSession, range, sessionId, T0, userEntry } from "../fixtures.ts";
import { readAll } from "../reading.ts";

const ID = sessionId(1);

export const concurrencyCases: readonly ConformanceCase[] = [
  conformanceCase(
    "concurrent-appends",
    ["APPEND-17", "CALL-4", "APPEND-1", "HEAD-2"],
    "32 batches at the same time, each whole and once",
    async (store) => {
      await store.create(makeSession(1));
      const batches = range(0, 32).map((n) => dialogue(n * 4, n * 4 + 1 + (n % 4)));
      const answers = await Promise.all(batches.map((batch, n) => store.append(ID, batch, { at: T0 + n })));
      const { entries, metadata } = await store.get(ID);
      const total = batches.flat().length;
      deepEqual(
        entries.map(({ seq }) => seq),
        range(0, total),
        "seqs",
      );
      for (const [n, { entries: items }] of answers.entries()) {
        const batch = batches[n] ?? [];
        const first = items[0]?.seq ?? -1;
        deepEqual(
          items.map(({ id, seq, added }) => ({ id, seq, added })),
          batch.map(({ id }, i) => ({ id, seq: first + i, added: true })),
          "a batch, in one piece",
        );
        deepEqual(
          entries.slice(first, first + batch.length),
          batch.map((entry, i) => ({ ...entry, seq: first + i })),
          "its entries",
        );
      }
      equal(new Set(answers.map(({ version }) => version)).size, 32, "versions");
      equal(metadata.updatedAt, T0 + 31, "updatedAt");
      const head = await store.head(ID);
      const counts = countEntries(entries);
      deepEqual(head, headOf(head.metadata, head.context, counts, head), "the counters");
      deepEqual(await readAll(store, ID, { limit: 7 }), entries, "the entries in pages");
    },
  ),

  conformanceCase(
    "concurrent-sessions",
    ["CALL-4", "CALL-5"],
    "many sessions at the same time",
    async (store) => {
      await createAll(
        store,
        range(0, 24).map((n) => makeSession(n)),
      );
      await Promise.all(
        range(0, 24).flatMap((n) => [
          store.append(sessionId(n), dialogue(0, 3), { at: T0 + n }),
          store.append(sessionId(n), dialogue(3, 5), { at: T0 + n }),
          store.update(sessionId(n), { name: `renamed ${n}` }, { at: T0 }),
        ]),
      );
      for (const n of range(0, 24)) {
        const { metadata, entries } = await store.get(sessionId(n));
        equal(metadata.name, `renamed ${n}`, "the name");
        deepEqual(
          entries.map(({ id }) => id).sort(),
          dialogue(0, 5).map(({ id }) => id),
          "the entries",
        );
      }
    },
  ),

  conformanceCase(
    "concurrent-reads",
    ["CALL-4", "CALL-8", "APPEND-3"],
    "who reads meanwhile sees whole batches",
    async (store) => {
      await store.create(makeSession(1));
      let writing = true;
      const write = (async () => {
        for (const n of range(0, 12)) await store.append(ID, batchOf(n), { at: T0 });
      })().finally(() => {
        writing = false;
      });
      const read = async (count: () => Promise<number>, what: string) => {
        let last = 0;
        while (writing) {
          const seen = await count();
          equal(seen % 5, 0, `${what} sees a part of a batch`);
          equal(seen >= last, true, `${what} sees less than before`);
          last = seen;
          // A store may read without ever leaving the queue of microtasks: the writer has to have its turn.
          await new Promise((resolve) => setTimeout(resolve));
        }
      };
      await Promise.all([
        write,
        read(async () => (await store.get(ID)).entries.length, "get"),
        read(async () => (await store.head(ID)).entryCount, "head"),
        read(async () => (await store.readEntries(ID)).items.length, "readEntries"),
      ]);
      equal((await store.get(ID)).entries.length, 60, "entries at the end");
    },
  ),

  conformanceCase(
    "concurrent-changes",
    ["CALL-4", "CALL-2", "TIME-3"],
    "appends, truncates, replaces and deletes at the same time",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 4) }));
      const results = await Promise.allSettled([
        ...range(0, 8).map((n) => store.append(ID, [userEntry(100 + n)], { at: T0 })),
        ...range(0, 4).map((n) => store.truncate(ID, n, { at: T0 })),
        store.replace(makeSession(1, { entries: dialogue(50, 53) })),
        ...range(0, 4).map((n) => store.update(ID, { setContext: { [`k${n}`]: n } }, { at: T0 })),
      ]);
      for (const result of results)
        if (result.status === "rejected")
          equal(result.reason?.code, "invalid_input", "the code of a refusal");
      const { entries, metadata, version } = await store.get(ID);
      deepEqual(
        entries.map(({ seq }) => seq),
        range(0, entries.length),
        "seqs",
      );
      const head = await store.head(ID);
      deepEqual(
        [head.entryCount, head.version, head.metadata],
        [entries.length, version, metadata],
        "the head",
      );
      deepEqual((await store.readEntries(ID)).items, entries, "the page");
    },
  ),
];

function batchOf(n: number) {
  return range(n * 5, n * 5 + 5).map((i) => userEntry(i));
}
