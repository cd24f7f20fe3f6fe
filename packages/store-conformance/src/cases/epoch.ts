import { type SessionEntry, SessionManager, type SessionStore, type StoredEntry } from "@thulp-sessions/core";
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
import { changesNothing } from "../reading.ts";

const ID = sessionId(1);

/** What every answer about a session says. */
interface Names {
  readonly version: string;
  readonly epoch: string;
}

/** Entries with the ids of a dialogue, and a text in all of them. */
function entriesSaying(text: string, count: number): SessionEntry[] {
  return range(0, count).map((n) => (n % 2 === 0 ? userEntry(n, text) : assistantEntry(n, text)));
}

async function keep(store: SessionStore, count: number, entries: readonly SessionEntry[]): Promise<Names> {
  const { version } = await store.head(ID);
  return store.append(ID, entries, { at: T0, keep: count, expectedVersion: version });
}

/** Each drops entries, or puts others in their place. */
const DROPS: Record<string, (store: SessionStore, round: number) => Promise<Names>> = {
  truncate: (store) => store.truncate(ID, 2, { at: T0 }),
  "truncate to none": (store) => store.truncate(ID, 0, { at: T0 }),
  "replace by the same": (store) => store.replace(makeSession(1, { entries: dialogue(0, 4) })),
  "replace by as many of the same ids": (store, round) =>
    store.replace(makeSession(1, { entries: entriesSaying(`round ${round}`, 4) })),
  "an append that keeps some": (store) => keep(store, 2, [userEntry(12), assistantEntry(13)]),
  "an append that keeps none": (store) => keep(store, 0, dialogue(20, 24)),
  "an append that cuts off": (store) => keep(store, 1, []),
};

export const epochCases: readonly ConformanceCase[] = [
  conformanceCase(
    "epoch-same-everywhere",
    ["EPOCH-1", "EPOCH-3"],
    "every answer gives the same epoch",
    async (store) => {
      const answers = [await store.create(makeSession(1, { entries: dialogue(0, 4) }))];
      const check = async (what: string, { epoch }: Names) => {
        ok(typeof epoch === "string" && epoch !== "", `the epoch after ${what} is no text`);
        equal((await store.get(ID)).epoch, epoch, `the epoch of get after ${what}`);
        equal((await store.head(ID)).epoch, epoch, `the epoch of head after ${what}`);
        for (const query of [{}, { last: 2 }, { limit: 1 }, { after: 100 }, { direction: "desc" }] as const)
          equal((await store.readEntries(ID, query)).epoch, epoch, `that of a page after ${what}`);
        const [listed] = (await store.list({ heads: true })).items;
        equal(listed && "epoch" in listed ? listed.epoch : undefined, epoch, `that of a list after ${what}`);
      };
      await check("create", answers[0] as Names);
      await check("update", await store.update(ID, { name: "x" }, { at: T0 }));
      for (const [what, drop] of Object.entries(DROPS)) {
        await store.replace(makeSession(1, { entries: dialogue(0, 4) }));
        await check(what, await drop(store, 0));
        await check("append", await store.append(ID, [userEntry(50)], { at: T0 }));
      }
    },
  ),

  conformanceCase("epoch-stays", ["EPOCH-2"], "what drops nothing leaves the epoch", async (store) => {
    const { epoch, version } = await store.create(makeSession(1, { entries: dialogue(0, 4) }));
    const calls: Record<string, () => Promise<unknown>> = {
      "an append": () => store.append(ID, [userEntry(4)], { at: T0 }),
      "an append of many": () => store.append(ID, dialogue(6, 20), { at: T0 + 1 }),
      "an append that completes": () =>
        store.append(ID, [userEntry(30)], { at: T0, limits: { maxEntries: 20, action: "end_session" } }),
      "a repeated append": () => store.append(ID, dialogue(0, 4), { at: T0 }),
      "an append with context": () => store.append(ID, [userEntry(40)], { at: T0, setContext: { a: 1 } }),
      "an update": () => store.update(ID, { status: "paused", name: "x", tags: ["y"] }, { at: T0 }),
      "a change of context": () => store.update(ID, { context: { b: [1] } }, { at: T0 }),
      "a truncate to as many": async () => store.truncate(ID, (await store.head(ID)).entryCount, { at: T0 }),
      "an append that keeps all": async () => keep(store, (await store.head(ID)).entryCount, [userEntry(41)]),
      "an append that keeps all by repeating it": async () => {
        const entries = (await storedEntries(store)).map(({ seq: _, ...entry }) => entry);
        return keep(store, entries.length - 2, [...entries.slice(-2), userEntry(42)]);
      },
      "a refused append": () =>
        store.append(ID, [userEntry(60)], { at: T0, expectedVersion: version }).catch(() => {}),
      "a refused truncate": () => store.truncate(ID, 9999, { at: T0 }).catch(() => {}),
      "a refused replace": () => store.replace(makeSession(1), { expectedVersion: version }).catch(() => {}),
      "a change of another session": () => store.create(makeSession(2)),
    };
    for (const [what, call] of Object.entries(calls)) {
      await call();
      equal((await store.head(ID)).epoch, epoch, `the epoch after ${what}`);
      equal((await store.readEntries(ID)).epoch, epoch, `that of a page after ${what}`);
    }
  }),

  conformanceCase(
    "epoch-changes",
    ["EPOCH-3", "EPOCH-4"],
    "whatever drops entries gives an epoch never had before, a new creation too",
    async (store) => {
      const epochs = [(await store.create(makeSession(1, { entries: dialogue(0, 4) }))).epoch];
      for (const round of range(0, 3)) {
        for (const [what, drop] of Object.entries(DROPS)) {
          // Over and over to the same contents, with the same time.
          const before = await store.head(ID);
          if (before.entryCount < 4) await store.append(ID, dialogue(before.entryCount, 4), { at: T0 });
          epochs.push((await drop(store, round)).epoch);
          equal(new Set(epochs).size, epochs.length, `different epochs after ${what}, round ${round}`);
        }
        await store.delete(ID);
        epochs.push((await store.create(makeSession(1, { entries: dialogue(0, 4) }))).epoch);
        equal(new Set(epochs).size, epochs.length, `different epochs after a new creation, round ${round}`);
      }
    },
  ),

  conformanceCase("epoch-expected", ["EPOCH-5"], "an append on the condition of an epoch", async (store) => {
    const { epoch } = await store.create(makeSession(1, { entries: dialogue(0, 2) }));
    await store.append(ID, [userEntry(2)], { at: T0 });
    const batch = [assistantEntry(3)];
    const { entries } = await store.append(ID, batch, { at: T0, expectedEpoch: epoch });
    deepEqual([entries[0]?.seq, entries[0]?.added], [3, true], "an append behind that of others");
    await store.truncate(ID, 2, { at: T0 });
    const head = await store.head(ID);
    await changesNothing(store, "an append with a former epoch", async () => {
      const refusal = await rejects(
        () => store.append(ID, batch, { at: T0, expectedEpoch: epoch }),
        "conflict",
        "an append that was rewound",
      );
      equal(refusal.details.currentVersion, head.version, "details.currentVersion");
      const again = await store.append(ID, dialogue(0, 2), { at: T0, expectedEpoch: epoch });
      equal(
        again.entries.every(({ added }) => !added),
        true,
        "a repeat of what is there is taken",
      );
    });
    const now = await store.append(ID, batch, { at: T0, expectedEpoch: head.epoch });
    equal(now.entries[0]?.seq, 2, "an append with the epoch of now");
    await rejects(
      () => store.append(ID, [userEntry(9)], { at: T0, expectedEpoch: 1 as never }),
      "invalid_input",
      "an epoch that is no text",
    );
  }),

  conformanceCase(
    "epoch-of-page",
    ["EPOCH-6"],
    "the entries of a page are of the epoch that it names",
    async (store, { open }) => {
      const other = store.capabilities.shared ? await open() : store;
      const textOf = new Map([
        [(await store.create(makeSession(1, { entries: entriesSaying("0", 3) }))).epoch, "0"],
      ]);
      const pages: { epoch: string; items: readonly StoredEntry[] }[] = [];
      let done = false;
      const reading = (async () => {
        while (!done) pages.push(await other.readEntries(ID, { limit: 3 }));
      })();
      for (const n of range(1, 25)) {
        const { epoch } = await store.replace(makeSession(1, { entries: entriesSaying(String(n), 3) }));
        textOf.set(epoch, String(n));
      }
      done = true;
      await reading;
      pages.push(await other.readEntries(ID, { limit: 3 }));
      for (const { epoch, items } of pages)
        deepEqual(
          items,
          withSeq(entriesSaying(textOf.get(epoch) ?? "none", 3)),
          `the page of epoch ${epoch}`,
        );
    },
  ),

  conformanceCase(
    "epoch-follower",
    ["EPOCH-3", "KEEP-1", "WATCH-1"],
    "who follows has what is stored, also where the same ids say something else",
    async (store) => {
      const manager = new SessionManager(store);
      await store.create(makeSession(1, { entries: entriesSaying("0", 6) }));
      const copy: StoredEntry[] = [];
      const events = manager.subscribe(ID);
      // What comes last says when all was told. Each change leaves those of before where they are, so that
      // the last entry that a follower knows is where it was.
      const marks: SessionEntry[] = [];
      const follow = async (what: string) => {
        const mark = userEntry(100 + marks.length);
        marks.push(mark);
        await store.append(ID, [mark], { at: T0 });
        for (;;) {
          const { value: event } = await events.next();
          if (!event || event.type === "deleted") break;
          if (event.type === "rewound") copy.length = event.entryCount;
          else copy.push(event.entry);
          if (copy.at(-1)?.id === mark.id) break;
        }
        deepEqual(copy, await storedEntries(store), `the copy after ${what}`);
      };
      const saying = (text: string, from = 0) => [...entriesSaying(text, 6).slice(from), ...marks];
      await follow("the beginning");
      await keep(store, 2, saying("1", 2));
      await follow("other contents below the last entry");
      await keep(store, 5, saying("2", 5));
      await follow("another content of the entry before the last");
      await store.replace(makeSession(1, { entries: saying("3") }));
      await follow("a replacement by the same ids");
      await store.truncate(ID, 3, { at: T0 });
      await store.append(ID, saying("4", 3), { at: T0 });
      await follow("a rewind, and as many again");
      await events.return();
    },
  ),
];

async function storedEntries(store: SessionStore): Promise<readonly StoredEntry[]> {
  return (await store.get(ID)).entries;
}
