import type { AppendOptions, SessionEntry, SessionStore } from "@thulp-sessions/core";
import { deepEqual, equal, ok, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import {
  assistantEntry,
  dialogue,
  makeSession,
  range,
  sessionId,
  T0,
  userEntry,
  withSeq,
} from "../fixtures.ts";
import { changesNothing, readAll } from "../reading.ts";
import { Changes } from "../watching.ts";

// Longer than most files: one case after the other, all of the same option.

const ID = sessionId(1);

/** A session of six entries, with a context. */
async function createChat(store: SessionStore, updatedAt = T0): Promise<string> {
  const session = makeSession(1, { entries: dialogue(0, 6), context: { a: 1, b: 2 }, updatedAt });
  return (await store.create(session)).version;
}

async function append(
  store: SessionStore,
  entries: readonly SessionEntry[],
  options: Partial<AppendOptions> = {},
) {
  const { version } = await store.head(ID);
  return store.append(ID, entries, { at: T0 + 50, expectedVersion: version, ...options });
}

export const replaceTailCases: readonly ConformanceCase[] = [
  conformanceCase(
    "keep-replaces",
    ["KEEP-1", "KEEP-5", "APPEND-2", "HEAD-2", "VERSION-2"],
    "a tail is dropped and others take its place",
    async (store) => {
      const before = await createChat(store);
      const fresh = [assistantEntry(20), userEntry(21)];
      const result = await append(store, fresh, { keep: 5 });
      deepEqual(
        result.entries,
        fresh.map(({ id, timestamp }, i) => ({ id, seq: 5 + i, timestamp, added: true })),
        "what was added",
      );
      equal(result.entryCount, 7, "the number of entries");
      equal(result.updatedAt, T0 + 50, "the time");
      ok(result.version !== before, "the version is another one");
      const stored = await store.get(ID);
      deepEqual(stored.entries, withSeq([...dialogue(0, 5), ...fresh]), "the entries");
      deepEqual(stored.context, { a: 1, b: 2 }, "the context");
      const head = await store.head(ID);
      deepEqual(
        [head.entryCount, head.turnCount, head.userMessageCount, head.assistantMessageCount],
        [7, 3, 4, 3],
        "the counters",
      );
      deepEqual(await readAll(store, ID, { limit: 2 }), stored.entries, "the pages");
      await append(store, [userEntry(30)], { keep: 0 });
      deepEqual((await store.get(ID)).entries, withSeq([userEntry(30)]), "everything replaced");
    },
  ),

  conformanceCase(
    "keep-leading",
    ["KEEP-2", "KEEP-5"],
    "what the batch begins with and is there already stays",
    async (store) => {
      await createChat(store);
      const [third, fourth] = dialogue(2, 4);
      const later = { ...(third as SessionEntry), timestamp: T0 + 999 };
      const batch = [later, fourth as SessionEntry, userEntry(20)];
      const result = await append(store, batch, { keep: 2 });
      deepEqual(
        result.entries.map(({ seq, added, timestamp }) => [seq, added, timestamp]),
        [
          [2, false, T0 + 2],
          [3, false, T0 + 3],
          [4, true, T0 + 20],
        ],
        "what stays keeps its time",
      );
      deepEqual((await store.get(ID)).entries, withSeq([...dialogue(0, 4), userEntry(20)]), "the entries");
      // All of the batch is there, and more behind it.
      const shorter = await append(store, dialogue(3, 4), { keep: 3 });
      deepEqual(
        shorter.entries.map(({ seq, added }) => [seq, added]),
        [[3, false]],
        "a batch that is there",
      );
      deepEqual((await store.get(ID)).entries, withSeq(dialogue(0, 4)), "what was behind it is gone");
      // At the end nothing is dropped.
      const grown = await append(store, [...dialogue(3, 4), userEntry(40)], { keep: 3, at: T0 });
      equal(grown.entryCount, 5, "a batch that goes on behind the end");
      equal(grown.updatedAt, (await store.head(ID)).metadata.updatedAt, "the time of an append");
    },
  ),

  conformanceCase(
    "keep-repeat",
    ["KEEP-3", "VERSION-3"],
    "the same call again changes nothing, whatever has become of version, status and limits",
    async (store) => {
      const version = await createChat(store);
      const options = { at: T0 + 50, expectedVersion: version, keep: 4 };
      const batch = [userEntry(20), assistantEntry(21), userEntry(22)];
      const first = await store.append(ID, batch, options);
      const again = await store.append(ID, batch, options);
      deepEqual(
        again,
        { ...first, entries: first.entries.map((each) => ({ ...each, added: false })) },
        "the repeat",
      );
      await store.update(ID, { status: "failed" }, { at: T0 + 60 });
      await changesNothing(store, "repeats", async () => {
        const limits = { maxEntries: 1, action: "error" } as const;
        const limited = await store.append(ID, batch, { ...options, limits });
        equal(limited.limit, null, "the limit of a repeat");
        await store.append(ID, [], { ...options, keep: 7 });
        // Less or more than what is there is no repeat.
        await rejects(() => store.append(ID, batch.slice(0, 2), options), "conflict", "a part of it");
        await rejects(() => store.append(ID, [...batch, userEntry(23)], options), "conflict", "more than it");
        await rejects(() => store.append(ID, [], options), "conflict", "nothing of it");
      });
    },
  ),

  conformanceCase(
    "keep-repeat-of-others",
    ["KEEP-3", "KEEP-6"],
    "a call with repeats of what is before the tail, or of the batch, can be repeated as well",
    async (store) => {
      const version = await createChat(store);
      const [first] = dialogue(0, 1) as [SessionEntry];
      const batches: [string, readonly SessionEntry[], number][] = [
        ["before the tail", [first, userEntry(20)], 5],
        ["of the batch", [userEntry(20), userEntry(21), userEntry(20)], 6],
        ["both, around what is new", [userEntry(30), first, userEntry(31), userEntry(30)], 6],
        ["nothing else", [first], 4],
      ];
      let expectedVersion = version;
      for (const [what, batch, entryCount] of batches) {
        const options = { at: T0 + 50, expectedVersion, keep: 4 };
        const done = await store.append(ID, batch, options);
        equal(done.entryCount, entryCount, `the number of entries: ${what}`);
        await changesNothing(store, `the repeat: ${what}`, async () => {
          const again = await store.append(ID, batch, options);
          deepEqual(
            again.entries,
            done.entries.map((each) => ({ ...each, added: false })),
            what,
          );
        });
        expectedVersion = done.version;
      }
    },
  ),

  conformanceCase(
    "keep-kept-ids",
    ["KEEP-2", "KEEP-6", "APPEND-13"],
    "ids that create has kept twice, in the tail and before it",
    async (store) => {
      const [a, b, q] = [userEntry(1, "a"), userEntry(1, "b"), userEntry(2)];
      await store.create(makeSession(1, { entries: [a, b, q] }));
      const all = await append(store, [a, b, a], { keep: 0 });
      deepEqual(
        all.entries.map(({ seq, added }) => [seq, added]),
        [
          [0, false],
          [1, false],
          [0, false],
        ],
        "both stay",
      );
      const rest = await append(store, [b, a], { keep: 1 });
      deepEqual(
        rest.entries.map(({ seq, added }) => [seq, added]),
        [
          [1, false],
          [0, false],
        ],
        "one stays, one is before it",
      );
      await rejects(() => append(store, [b, userEntry(1, "c")], { keep: 1 }), "conflict", "a third content");
    },
  ),

  conformanceCase(
    "keep-large-tail",
    ["KEEP-2", "KEEP-3"],
    "a tail that is larger than a page",
    async (store) => {
      const large = (n: number) => ({ ...userEntry(n), content: "x".repeat(5 * 1024 * 1024) });
      const batch = [large(1), large(2), large(3)];
      await store.create(makeSession(1, { entries: [userEntry(0)] }));
      await store.append(ID, batch, { at: T0 });
      const { version } = await store.head(ID);
      const options = { at: T0 + 1, expectedVersion: "stale", keep: 1 };
      const again = await store.append(ID, batch, options);
      deepEqual([again.version, again.entries.every(({ added }) => !added)], [version, true], "the repeat");
      const grown = await append(store, [...batch, userEntry(9)], { keep: 1 });
      deepEqual(
        grown.entries.map(({ seq, added }) => [seq, added]),
        [
          [1, false],
          [2, false],
          [3, false],
          [4, true],
        ],
        "what stays",
      );
    },
  ),

  conformanceCase(
    "keep-refusals",
    ["KEEP-4", "CALL-2", "VERSION-6"],
    "calls that cannot be",
    async (store) => {
      const version = await createChat(store);
      const batch = [userEntry(20)];
      await changesNothing(store, "refusals", async () => {
        const at = T0 + 50;
        const current = { at, expectedVersion: version };
        await rejects(() => store.append(ID, batch, { at, keep: 2 }), "invalid_input", "without a version");
        await rejects(
          () => store.append(ID, batch, { ...current, keep: 7 }),
          "invalid_input",
          "above the end",
        );
        await rejects(
          () => store.append(ID, batch, { ...current, expectedVersion: "stale", keep: 2 }),
          "conflict",
          "a stale version",
        );
        for (const keep of [-1, 1.5, Number.NaN, "2", null])
          await rejects(
            () => store.append(ID, batch, { ...current, keep } as AppendOptions),
            "invalid_input",
            `to keep ${keep}`,
          );
        await rejects(
          () => store.append(sessionId(9), batch, { ...current, keep: 0 }),
          "not_found",
          "of a session that is not there",
        );
      });
    },
  ),

  conformanceCase(
    "keep-ids",
    ["KEEP-6", "APPEND-6", "APPEND-7"],
    "ids: below the tail, within the batch, and of what is dropped",
    async (store) => {
      await createChat(store);
      const [first] = dialogue(0, 1);
      const mixed = await append(store, [userEntry(20), first as SessionEntry, userEntry(20)], { keep: 4 });
      deepEqual(
        mixed.entries.map(({ seq, added }) => [seq, added]),
        [
          [4, true],
          [0, false],
          [4, false],
        ],
        "a repeat of what is before the tail, and one within the batch",
      );
      await changesNothing(store, "conflicts", async () => {
        await rejects(
          () => append(store, [userEntry(0, "another")], { keep: 4 }),
          "conflict",
          "another content",
        );
        await rejects(
          () => append(store, [userEntry(30), userEntry(30, "another")], { keep: 4 }),
          "conflict",
          "within the batch",
        );
      });
      const renewed = await append(store, [userEntry(20, "another"), userEntry(1, "another")], { keep: 1 });
      deepEqual(
        renewed.entries.map(({ seq, added }) => [seq, added]),
        [
          [1, true],
          [2, true],
        ],
        "ids that were dropped are new again",
      );
      deepEqual(
        (await store.get(ID)).entries,
        withSeq([...dialogue(0, 1), userEntry(20, "another"), userEntry(1, "another")]),
        "the entries",
      );
      // What stays of the batch is in it as well.
      const twice = [userEntry(20, "another"), userEntry(50), userEntry(20, "another")];
      const staying = await append(store, twice, { keep: 1 });
      deepEqual(
        staying.entries.map(({ seq, added }) => [seq, added]),
        [
          [1, false],
          [2, true],
          [1, false],
        ],
        "an entry that stays, twice in the batch",
      );
    },
  ),

  conformanceCase(
    "keep-limits",
    ["KEEP-7", "LIMIT-9"],
    "limits count what stays and what is new",
    async (store) => {
      await createChat(store);
      const limits = { maxEntries: 6, action: "error" } as const;
      const one = await append(store, [userEntry(20)], { keep: 5, limits });
      deepEqual(one.limit, { kind: "entries", current: 6, max: 6, exceeded: false }, "at the limit");
      await changesNothing(store, "a limit that is exceeded", () =>
        rejects(() => append(store, dialogue(30, 33), { keep: 4, limits }), "limit_exceeded", "beyond it"),
      );
      const turns = { maxTurns: 2, action: "error" } as const;
      const two = await append(store, [userEntry(40), assistantEntry(41)], { keep: 2, limits: turns });
      deepEqual(two.limit, { kind: "turns", current: 2, max: 2, exceeded: false }, "turns of what stays");
      const cut = { maxEntries: 2, maxDurationMs: 1, action: "error" } as const;
      const shorter = await append(store, dialogue(0, 2), { keep: 0, limits: cut });
      deepEqual([shorter.entryCount, shorter.limit], [2, null], "a tail that is only cut off");
      const none = await append(store, [], { keep: 1, limits: { ...cut, action: "end_session" } });
      deepEqual([none.entryCount, none.status], [1, "active"], "with an empty batch");
      await append(store, [assistantEntry(60)], { keep: 1 });
      const ended = await append(store, [userEntry(50), assistantEntry(51), userEntry(52)], {
        keep: 2,
        limits: { maxEntries: 5, action: "end_session" },
      });
      equal(ended.status, "completed", "the status");
      equal((await store.head(ID)).metadata.status, "completed", "the stored status");
    },
  ),

  conformanceCase(
    "keep-nothing-new",
    ["KEEP-1", "KEEP-5", "TIME-3"],
    "an empty batch is a truncate, and times follow what was done",
    async (store) => {
      await createChat(store, T0 + 100);
      const cut = await append(store, [], { keep: 4, at: T0 });
      deepEqual([cut.entryCount, cut.entries, cut.updatedAt], [4, [], T0 + 101], "the answer");
      deepEqual((await store.get(ID)).entries, withSeq(dialogue(0, 4)), "the entries");
      await changesNothing(store, "keeping all", () => append(store, [], { keep: 4 }));
      const dropped = await append(store, [userEntry(20)], { keep: 3, at: T0 });
      equal(dropped.updatedAt, T0 + 102, "the time where something was dropped");
      const added = await append(store, [userEntry(21)], { keep: 4, at: T0 });
      equal(added.updatedAt, T0 + 102, "the time where nothing was dropped");
      // Repeats of what is before the tail: nothing is new, and the tail is gone.
      const gone = await append(store, dialogue(0, 1), { keep: 2 });
      deepEqual(
        gone.entries.map(({ seq, added }) => [seq, added]),
        [[0, false]],
        "a repeat alone",
      );
      equal(gone.entryCount, 2, "the number of entries");
    },
  ),

  conformanceCase(
    "append-context",
    ["APPEND-20", "UPDATE-4", "CALL-2"],
    "an append sets and removes keys of the context in the same step",
    async (store) => {
      await createChat(store);
      await append(store, [userEntry(20)], {
        setContext: { b: [3], c: "new" },
        removeContext: ["a", "c", "x"],
      });
      deepEqual((await store.get(ID)).context, { b: [3], c: "new" }, "the context");
      equal((await store.head(ID)).entryCount, 7, "the number of entries");
      await append(store, [userEntry(21)], { keep: 6, setContext: { d: 4 } });
      deepEqual((await store.head(ID)).context, { b: [3], c: "new", d: 4 }, "with a tail that is replaced");
      await append(store, [userEntry(22)], { removeContext: ["d"] });
      deepEqual((await store.head(ID)).context, { b: [3], c: "new" }, "keys that are removed alone");
      await changesNothing(store, "what appends nothing", async () => {
        await append(store, [userEntry(22)], { setContext: { e: 5 } });
        await append(store, [], { setContext: { e: 5 } });
        await append(store, [userEntry(22)], { keep: 7, setContext: { e: 5 } });
        const limits = { maxEntries: 1, action: "error" } as const;
        const refused: [string, Partial<AppendOptions>, "limit_exceeded" | "conflict" | "invalid_input"][] = [
          ["a limit", { limits, setContext: { e: 5 } }, "limit_exceeded"],
          ["a stale version", { expectedVersion: "stale", setContext: { e: 5 } }, "conflict"],
          ["a context that is none", { setContext: [1] as never }, "invalid_input"],
          ["a value that is none", { setContext: { e: Number.NaN } }, "invalid_input"],
          ["a date", { setContext: { e: new Date(0) as never } }, "invalid_input"],
          ["keys that are none", { removeContext: "a" as never }, "invalid_input"],
        ];
        for (const [what, options, code] of refused)
          await rejects(() => append(store, [userEntry(30)], options), code, what);
      });
    },
  ),

  conformanceCase(
    "keep-search",
    ["KEEP-1", "SEARCH-15"],
    "a search finds what is there, and nothing that was dropped",
    async (store) => {
      await createChat(store);
      await append(store, [userEntry(20, "albatross")], { keep: 4 });
      const found = async (text: string) => (await store.search({ text })).items.map(({ seq }) => seq);
      deepEqual(await found("albatross"), [4], "what is new");
      deepEqual(await found("question 4"), [], "what was dropped");
      await append(store, [userEntry(21, "bustard")], { keep: 4 });
      deepEqual([await found("albatross"), await found("bustard")], [[], [4]], "after another one");
    },
  ),

  conformanceCase(
    "keep-at-once",
    ["KEEP-1", "VERSION-7", "CALL-4"],
    "of calls at the same time one wins, and nobody sees the tail missing",
    async (store) => {
      const version = await createChat(store);
      let isOver = false;
      const seen = new Set<number>();
      const read = async () => {
        while (!isOver) {
          const { entries } = await store.get(ID);
          seen.add(entries.length);
          deepEqual(entries.slice(0, 4), withSeq(dialogue(0, 4)), "what stays");
        }
      };
      const reading = read();
      const attempts = range(0, 8).map((n) => {
        const batch = [userEntry(100 + 2 * n), assistantEntry(101 + 2 * n)];
        const options = { at: T0 + n, expectedVersion: version, keep: 4 };
        return store.append(ID, batch, options).then(
          () => n,
          () => null,
        );
      });
      const winners = (await Promise.all(attempts)).filter((winner) => winner !== null);
      isOver = true;
      await reading;
      equal(winners.length, 1, "the calls that succeed");
      deepEqual([...seen], [6], "the numbers of entries that were seen");
      const winner = winners[0] as number;
      const tail = [userEntry(100 + 2 * winner), assistantEntry(101 + 2 * winner)];
      deepEqual((await store.get(ID)).entries, withSeq([...dialogue(0, 4), ...tail]), "the entries");
    },
  ),

  conformanceCase("keep-watch", ["WATCH-2", "KEEP-1"], "a replaced tail is a change", async (store) => {
    await createChat(store);
    const changes = new Changes(await store.watch());
    await append(store, [userEntry(20)], { keep: 4 });
    await changes.until({ type: "changed", id: ID }, "the change");
    await changes.stop();
  }),
];
