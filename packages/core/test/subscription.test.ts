import {
  entryToken,
  type JsonValue,
  type SessionEntry,
  SessionManager,
  type StoredEntry,
  type SubscribeOptions,
  type SubscriptionEvent,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChangeFeed } from "../src/store/change-feed.ts";
import { errorOf, makeEntry, makeSession, settle, uuid } from "./make.ts";

// Longer than most files: all endings of a subscription, over one store that shows who watches.

const ID = uuid(1);

/** A memory store that shows whether anybody still watches it. */
class WatchedStore extends MemoryStore {
  get feed(): ChangeFeed {
    return this.changes;
  }
}

async function setup(entries: readonly SessionEntry[] = []) {
  const store = new WatchedStore();
  await store.create(makeSession({ id: ID }, entries));
  const manager = new SessionManager(store);
  let next = 1000;
  const append = (count = 1) =>
    store.append(
      ID,
      Array.from({ length: count }, () => makeEntry(next++)),
      { at: 1 },
    );
  return { store, manager, append, fresh: () => makeEntry(next++) };
}

/** What a client does with the events: it keeps the entries, as text, and the last token. */
class Follower {
  entries: StoredEntry[] = [];
  deleted = false;
  token: string | undefined;

  apply(event: SubscriptionEvent): void {
    this.token = event.token;
    this.deleted = event.type === "deleted";
    if (event.type === "entry") {
      expect(event.entry.seq).toBe(this.entries.length);
      this.entries.push(event.entry);
    } else if (event.type === "rewound") {
      expect(event.entryCount).toBeLessThan(this.entries.length);
      this.entries.length = event.entryCount;
    } else this.entries = [];
  }
}

async function take(events: AsyncIterator<SubscriptionEvent>, count: number): Promise<SubscriptionEvent[]> {
  const taken: SubscriptionEvent[] = [];
  while (taken.length < count) {
    const result = await events.next();
    if (result.done) break;
    taken.push(result.value);
  }
  return taken;
}

const shown = (events: readonly SubscriptionEvent[]) =>
  events.map((event) =>
    event.type === "entry"
      ? event.entry.seq
      : event.type === "rewound"
        ? `rewound ${event.entryCount}`
        : event.type,
  );

test("entries that fill a page each are followed, after a token too, and when one of them is replaced", async () => {
  const text = "x".repeat(5 * 1024 * 1024);
  const large = Array.from({ length: 4 }, (_, i) => makeEntry(i + 1, text));
  const { store, manager, append } = await setup(large);
  const events = manager.subscribe(ID);
  const seen = await take(events, 4);
  expect(seen.map((event) => event.type === "entry" && event.entry.id)).toEqual(large.map(({ id }) => id));
  await append(1);
  expect(await take(events, 1)).toMatchObject([{ type: "entry", entry: { seq: 4 } }]);
  await events.return();

  const resumed = manager.subscribe(ID, { after: entryToken({ ...(large[1] as SessionEntry), seq: 1 }) });
  expect(await take(resumed, 3)).toMatchObject([2, 3, 4].map((seq) => ({ type: "entry", entry: { seq } })));
  const { version } = await store.head(ID);
  await store.append(ID, [makeEntry(9, text)], { at: 2, keep: 3, expectedVersion: version });
  expect(await take(resumed, 2)).toMatchObject([
    { type: "rewound", entryCount: 3 },
    { type: "entry", entry: { seq: 3, id: makeEntry(9).id } },
  ]);
  await resumed.return();
});

describe("a subscription", () => {
  test("emits what is there, then what is new, by whatever writer", async () => {
    const { store, manager, append } = await setup([makeEntry(1), makeEntry(2)]);
    const events = manager.subscribe(ID);
    expect(shown(await take(events, 2))).toEqual([0, 1]);
    const waiting = take(events, 2);
    await append();
    await new SessionManager(store).addEntry(ID, { type: "user_message" }, 1);
    expect(shown(await waiting)).toEqual([2, 3]);
    await events.return();
  });

  test("emits more entries than a page holds in their order", async () => {
    const { manager, append } = await setup();
    await append(350);
    const events = manager.subscribe(ID);
    const all = Array.from({ length: 350 }, (_, i) => i);
    expect(shown(await take(events, 350))).toEqual(all);
    await events.return();
  });

  test("emits what is written just after it has read, before it waits", async () => {
    const { store, manager, append } = await setup([makeEntry(1)]);
    const readEntries = store.readEntries.bind(store);
    let writes = 3;
    store.readEntries = async (...args) => {
      const page = await readEntries(...args);
      if (writes-- > 0) await append();
      return page;
    };
    const events = manager.subscribe(ID);
    expect(shown(await take(events, 4))).toEqual([0, 1, 2, 3]);
    await events.return();
  });

  test("goes on after each token, however the session was grown meanwhile", async () => {
    const { manager, append } = await setup([makeEntry(1), makeEntry(2), makeEntry(3)]);
    const first = manager.subscribe(ID);
    const told = await take(first, 3);
    await first.return();
    await append();
    for (const [i, { token }] of told.entries()) {
      const rest = manager.subscribe(ID, { after: token });
      expect(shown(await take(rest, 3 - i))).toEqual([1, 2, 3].slice(i));
      await rest.return();
    }
  });

  test("says how far a rewind went, then emits what followed", async () => {
    const { store, manager, append } = await setup([makeEntry(1), makeEntry(2), makeEntry(3)]);
    const events = manager.subscribe(ID);
    await take(events, 3);
    await store.truncate(ID, 1, { at: 1 });
    await append();
    expect(shown(await take(events, 2))).toEqual(["rewound 1", 1]);
    await store.truncate(ID, 0, { at: 1 });
    await append();
    expect(shown(await take(events, 2))).toEqual(["rewound 0", 0]);
    await events.return();
  });

  test("resumed at an entry that is gone, starts from the beginning", async () => {
    const { store, manager } = await setup([makeEntry(1), makeEntry(2)]);
    const [, second] = await take(manager.subscribe(ID), 2);
    await store.truncate(ID, 1, { at: 1 });
    const events = manager.subscribe(ID, { after: second?.token });
    expect(shown(await take(events, 2))).toEqual(["rewound 0", 0]);
    await events.return();
  });

  // The last entry that both had in common used to count, though those before it were others.
  test("goes back before the first entry that a replace has changed", async () => {
    const { store, manager, fresh } = await setup();
    const [a, b, c] = [fresh(), fresh(), fresh()];
    await store.append(ID, [a, b, c], { at: 1 });
    const events = manager.subscribe(ID);
    const follower = new Follower();
    for (const event of await take(events, 3)) follower.apply(event);
    await store.replace(makeSession({ id: ID }, [fresh(), b, fresh()]));
    for (const event of await take(events, 4)) follower.apply(event);
    expect(follower.entries).toEqual((await store.get(ID)).entries);
    await events.return();
  });

  test("says how far a rewind went, however far that was", async () => {
    const { store, manager, append } = await setup();
    await append(1500);
    const events = manager.subscribe(ID);
    await take(events, 1500);
    await store.truncate(ID, 1200, { at: 1 });
    expect(shown(await take(events, 1))).toEqual(["rewound 1200"]);
    await append(1);
    expect(shown(await take(events, 1))).toEqual([1200]);
    // Both before the follower looks again.
    await Promise.all([store.truncate(ID, 900, { at: 1 }), store.truncate(ID, 300, { at: 1 })]);
    await append(1);
    expect(shown(await take(events, 2))).toEqual(["rewound 300", 300]);
    await events.return();
  });

  test("tells of a rewind behind what was delivered by what follows alone", async () => {
    const { store, manager, append } = await setup();
    await append(250);
    const events = manager.subscribe(ID);
    // A page is read, and waits.
    await take(events, 50);
    await store.truncate(ID, 200, { at: 1 });
    await append(1);
    const follower = new Follower();
    for await (const event of manager.subscribe(ID)) {
      follower.apply(event);
      if (follower.entries.length === 201) break;
    }
    const told = shown(await take(events, 151));
    expect(told).toEqual(Array.from({ length: 151 }, (_, i) => 50 + i));
    expect(follower.entries).toEqual((await store.get(ID)).entries);
    await events.return();
  });

  test("where several rewinds were missed that do not cover each other, everything is told again", async () => {
    const { store, manager, append } = await setup();
    await append(10);
    const events = manager.subscribe(ID);
    await take(events, 10);
    await store.truncate(ID, 4, { at: 1 });
    await append(4);
    await store.truncate(ID, 6, { at: 1 });
    expect(shown(await take(events, 7))).toEqual(["rewound 0", 0, 1, 2, 3, 4, 5]);
    await events.return();
  });

  test("resumed with a token of another epoch, starts from the beginning", async () => {
    const entries = [makeEntry(1), makeEntry(2), makeEntry(3)];
    const { store, manager } = await setup(entries);
    const [, , third] = await take(manager.subscribe(ID), 3);
    // The same ids, as many, the last one as it was.
    const [first, ...others] = entries as [SessionEntry, ...SessionEntry[]];
    await store.replace(makeSession({ id: ID }, [{ ...first, content: "another" }, ...others]));
    const events = manager.subscribe(ID, { after: third?.token });
    expect(shown(await take(events, 4))).toEqual(["rewound 0", 0, 1, 2]);
    await events.return();
  });

  test("takes tokens of before there were epochs: then the entry itself counts", async () => {
    const { store, manager, append } = await setup([makeEntry(1), makeEntry(2)]);
    const [, second] = (await store.get(ID)).entries;
    const token = `${second?.seq}.${second?.id}`;
    await store.truncate(ID, 2, { at: 1 });
    await append(1);
    expect(shown(await take(manager.subscribe(ID, { after: token }), 1))).toEqual([2]);
    await store.truncate(ID, 1, { at: 1 });
    expect(shown(await take(manager.subscribe(ID, { after: token }), 2))).toEqual(["rewound 0", 0]);
  });

  test("ends with the session", async () => {
    const { store, manager } = await setup([makeEntry(1)]);
    const events = manager.subscribe(ID);
    const [first] = await take(events, 1);
    const waiting = take(events, 2);
    await store.delete(ID);
    const told = await waiting;
    expect(shown(told)).toEqual(["deleted"]);
    expect(store.feed.active).toBe(false);
    for (const after of [first?.token, told[0]?.token]) {
      expect(shown(await take(manager.subscribe(ID, { after }), 2))).toEqual(["deleted"]);
    }
  });

  test("after its end, emits a session that was created again from its start", async () => {
    const { store, manager } = await setup([makeEntry(1)]);
    await store.delete(ID);
    const [gone] = await take(manager.subscribe(ID, { after: "start" }), 1);
    await store.create(makeSession({ id: ID }, [makeEntry(7)]));
    const events = manager.subscribe(ID, { after: gone?.token });
    expect(shown(await take(events, 1))).toEqual([0]);
    await events.return();
  });

  test("of a missing session fails", async () => {
    const { store, manager } = await setup();
    expect((await errorOf(() => manager.subscribe(uuid(9)).next())).code).toBe("not_found");
    expect(store.feed.active).toBe(false);
  });

  test.each([
    "",
    "x",
    "0",
    "0.",
    "0.AAAAAAAA-0000-4000-8000-000000000001",
    `-1.${ID}`,
    `1e3.${ID}`,
    `0.${ID}\n`,
    `${"9".repeat(16)}.${ID}`,
  ])("refuses the token %j", async (after) => {
    const { store, manager } = await setup();
    const error = await errorOf(() => manager.subscribe(ID, { after }).next());
    expect(error).toMatchObject({ code: "invalid_input", details: { field: "after" } });
    expect(store.feed.active).toBe(false);
  });

  test("other errors of the store come through", async () => {
    const { store, manager } = await setup([makeEntry(1)]);
    const events = manager.subscribe(ID);
    await take(events, 1);
    const waiting = take(events, 1);
    store.readEntries = async () => {
      throw Object.assign(new Error("damaged"), { name: "SessionError", code: "corrupt" });
    };
    store.feed.reset();
    expect((await errorOf(() => waiting)).code).toBe("corrupt");
    expect(store.feed.active).toBe(false);
  });
});

describe("the end of a subscription", () => {
  test("return() ends one that waits for a change", async () => {
    const { store, manager } = await setup();
    const events = manager.subscribe(ID);
    const waiting = events.next();
    await settle();
    expect(await events.return()).toEqual({ done: true, value: undefined });
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(store.feed.active).toBe(false);
  });

  test("leaving a loop, disposing and closing the store end it too", async () => {
    const { store, manager } = await setup([makeEntry(1)]);
    for await (const _ of manager.subscribe(ID)) break;
    expect(store.feed.active).toBe(false);
    const disposed = manager.subscribe(ID);
    await take(disposed, 1);
    expect(store.feed.active).toBe(true);
    await disposed[Symbol.asyncDispose]();
    expect(store.feed.active).toBe(false);
    const closed = manager.subscribe(ID);
    await take(closed, 1);
    const waiting = closed.next();
    await settle();
    await store.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test("one that was never asked anything watches nothing", async () => {
    const { store, manager } = await setup();
    const events = manager.subscribe(ID);
    await settle();
    expect(store.feed.active).toBe(false);
    await events.return();
    expect((await events.next()).done).toBe(true);
    expect(store.feed.active).toBe(false);
  });

  test("abort ends it while it waits, between two entries, and before it begins", async () => {
    const { store, manager } = await setup([makeEntry(1), makeEntry(2)]);
    for (const read of [2, 1, 0]) {
      const controller = new AbortController();
      const events = manager.subscribe(ID, { signal: controller.signal });
      await take(events, read);
      const waiting = read === 2 ? events.next() : undefined;
      await settle();
      controller.abort();
      expect((await (waiting ?? events.next())).done).toBe(true);
      expect((await events.next()).done).toBe(true);
      expect(store.feed.active).toBe(false);
    }
  });

  test("its signal keeps no listener", async () => {
    const { manager } = await setup([makeEntry(1)]);
    const { signal } = new AbortController();
    const listening = new Set<unknown>();
    const add = signal.addEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listening.add(args[1]);
      add(...args);
    };
    const remove = signal.removeEventListener.bind(signal);
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listening.delete(args[1]);
      remove(...args);
    };
    for (let i = 0; i < 3; i++) {
      for await (const _ of manager.subscribe(ID, { signal })) {
        expect(listening.size).toBe(1);
        break;
      }
    }
    expect(listening.size).toBe(0);
  });
});

describe("whatever happens to the session", () => {
  type Step =
    | { do: "append"; count: number }
    | { do: "rewind" | "replace"; keep: number }
    | { do: "delete" | "read" | "cut" | "catch up" | "rename" };

  const someStep: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant("append" as const), count: fc.integer({ min: 1, max: 120 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constantFrom("rewind" as const, "replace" as const), keep: fc.nat(100) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constantFrom("read" as const, "cut" as const, "catch up" as const) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("delete" as const, "rename" as const) }) },
  );

  test("applying the events gives the stored entries", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(someStep, { maxLength: 25 }), async (steps) => {
        const { store, manager, append, fresh } = await setup();
        const follower = new Follower();
        let events = manager.subscribe(ID);
        const open = (options: SubscribeOptions) => {
          events = manager.subscribe(ID, options);
        };
        const stored = async (): Promise<readonly StoredEntry[]> => (await store.get(ID)).entries;

        const catchUp = async () => {
          // The last entry tells that everything before it has been told.
          await append();
          const goal = JSON.stringify(await stored());
          while (JSON.stringify(follower.entries) !== goal) {
            const { value, done } = await events.next();
            if (done) throw new Error("The subscription ended.");
            follower.apply(value);
            if (follower.deleted) open({ after: follower.token });
          }
        };

        for (const step of steps) {
          if (step.do === "append") await append(step.count);
          else if (step.do === "rename") await store.update(ID, { name: `${Math.random()}` }, { at: 1 });
          else if (step.do === "rewind") {
            const { length } = await stored();
            await store.truncate(ID, Math.floor((length * step.keep) / 100), { at: 1 });
          } else if (step.do === "replace") {
            const entries = await stored();
            const kept = entries.slice(0, Math.floor((entries.length * step.keep) / 100));
            await store.replace(makeSession({ id: ID }, [...kept, fresh(), fresh()]));
          } else if (step.do === "delete") {
            await store.delete(ID);
            await store.create(makeSession({ id: ID }, [fresh()]));
          } else if (step.do === "cut") {
            await events.return();
            open({ after: follower.token });
          } else if (step.do === "catch up") await catchUp();
          else if ((await stored()).length > follower.entries.length) {
            const { value, done } = await events.next();
            if (done) throw new Error("The subscription ended.");
            follower.apply(value);
          }
        }
        await catchUp();
        expect(follower.entries).toEqual(await stored());
        await events.return();
        expect(store.feed.active).toBe(false);
        await store.close();
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  test("many followers, some slow, all end with the same entries", async () => {
    const { store, manager, append } = await setup();
    const target = 200;
    const follow = async (everySoOften: number): Promise<JsonValue[]> => {
      const contents: JsonValue[] = [];
      for await (const event of manager.subscribe(ID)) {
        if (event.type !== "entry") throw new Error(`Unexpected: ${event.type}`);
        contents.push(event.entry.content);
        if (contents.length % everySoOften === 0) await settle();
        if (contents.length === target) break;
      }
      return contents;
    };
    const followers = [1, 7, 50, 1000].map(follow);
    for (let i = 0; i < target; i++) {
      await append();
      if (i % 13 === 0) await settle();
    }
    const expected = (await store.get(ID)).entries.map(({ content }) => content);
    for (const contents of await Promise.all(followers)) expect(contents).toEqual(expected);
    expect(store.feed.active).toBe(false);
  });

  test("a long replay lets others have their turn", async () => {
    const { store, manager } = await setup();
    const entries = Array.from({ length: 1_000 }, (_, i) => makeEntry(100 + i));
    await store.append(ID, entries, { at: 1 });
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    let told = 0;
    for await (const event of manager.subscribe(ID)) {
      if (event.type === "entry" && ++told === entries.length) break;
    }
    clearInterval(timer);
    expect(turns).toBeGreaterThan(2);
  });
});

test("begins behind an entry that is known from elsewhere", async () => {
  const { store, manager, append } = await setup();
  await append(3);
  const [, second] = (await store.readEntries(ID)).items as [StoredEntry, StoredEntry];
  const events = manager.subscribe(ID, { after: entryToken(second) });
  expect(await take(events, 1)).toMatchObject([{ type: "entry", entry: { seq: 2 } }]);
  await append();
  expect(await take(events, 1)).toMatchObject([{ type: "entry", entry: { seq: 3 } }]);
  await events.return();
});
