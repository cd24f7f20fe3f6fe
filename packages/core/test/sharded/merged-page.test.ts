import fc from "fast-check";
import { expect, test } from "vitest";
import { firstShare, mergedPage, type PageSource } from "../../src/sharded/merged-page.ts";

/** An item of a list: `time`, then `id`, say where it stands. */
interface Item {
  readonly id: string;
  readonly time: number;
}

const compare = (a: Item, b: Item) => a.time - b.time || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

interface Source extends PageSource<Item, Item> {
  items: Item[];
  /** How many items each read asked for. */
  readonly reads: number[];
}

function source(items: Item[], beforeRead: (self: Source) => void = () => {}): Source {
  const self: Source = {
    items,
    reads: [],
    async page(after, limit) {
      beforeRead(self);
      self.reads.push(limit);
      const rest = self.items.filter((each) => after === null || compare(each, after) > 0).sort(compare);
      return { items: rest.slice(0, limit), hasMore: rest.length > limit };
    },
  };
  return self;
}

function page(sources: readonly Source[], after: Item | null, limit: number) {
  return mergedPage(sources, { after, limit, compare, placeOf: (item: Item) => item, keyOf: ({ id }) => id });
}

async function allPages(sources: readonly Source[], limit: number): Promise<Item[]> {
  const found: Item[] = [];
  for (let after: Item | null = null; ; ) {
    const rows = await page(sources, after, limit);
    expect(rows.items.length).toBeLessThanOrEqual(limit);
    found.push(...rows.items);
    after = rows.items.at(-1) ?? null;
    if (!rows.hasMore || !after) return found;
  }
}

// Few times, so that many are equal.
const item = fc.record({ time: fc.nat(3), id: fc.string({ minLength: 1, maxLength: 3 }) });
const lists = fc
  .uniqueArray(item, { selector: ({ id }) => id, maxLength: 60 })
  .chain((items) =>
    fc.tuple(fc.constant(items), fc.array(fc.nat(4), { minLength: items.length, maxLength: items.length })),
  );

test("the pages of all sources together are those of one list, however unevenly it is spread", async () => {
  await fc.assert(
    fc.asyncProperty(lists, fc.integer({ min: 1, max: 9 }), async ([items, places], limit) => {
      const sources = [0, 1, 2, 3, 4].map((n) => source(items.filter((_, i) => places[i] === n)));
      const found = await allPages(sources, limit);
      expect(found).toEqual([...items].sort(compare));
    }),
  );
});

test("a page reads each source once or twice", async () => {
  await fc.assert(
    fc.asyncProperty(lists, fc.integer({ min: 1, max: 9 }), async ([items, places], limit) => {
      const sources = [0, 1, 2, 3, 4].map((n) => source(items.filter((_, i) => places[i] === n)));
      await page(sources, null, limit);
      for (const { reads } of sources) expect(reads.length).toBeLessThanOrEqual(2);
    }),
  );
});

test("what nobody touches comes exactly once and in order, whatever else moves between any two reads", async () => {
  const moves = fc.array(fc.tuple(fc.nat(30), fc.nat(6)), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(lists, fc.integer({ min: 1, max: 5 }), moves, async ([items, places], limit, steps) => {
      const queue = [...steps];
      // Every third item is touched by somebody: it moves within its source, or goes.
      const touched = new Set(items.filter((_, i) => i % 3 === 0).map(({ id }) => id));
      const disturb = (self: Source) => {
        const [n, time] = queue.shift() ?? [0, 0];
        const movable = self.items.filter(({ id }) => touched.has(id));
        const chosen = movable[n % Math.max(1, movable.length)];
        if (!chosen) return;
        self.items = self.items.filter(({ id }) => id !== chosen.id);
        if (time > 0) self.items.push({ ...chosen, time });
      };
      const sources = [0, 1, 2].map((n) =>
        source(
          items.filter((_, i) => (places[i] ?? 0) % 3 === n),
          disturb,
        ),
      );
      const found = (await allPages(sources, limit)).filter(({ id }) => !touched.has(id));
      expect(found).toEqual(items.filter(({ id }) => !touched.has(id)).sort(compare));
    }),
    { numRuns: 500 },
  );
});

test("a page ends where a source had to be read twice and an item moved between, so that nothing is passed over", async () => {
  const all = Array.from({ length: 10 }, (_, i) => ({ id: `a${i}`, time: i }));
  const full = source(all, (self) => {
    if (self.reads.length === 1)
      self.items = all.map((each) => (each.id === "a0" ? { ...each, time: 4.5 } : each));
  });
  const others = Array.from({ length: 19 }, (_, i) => source([{ id: `b${i}`, time: 20 + i }]));
  const found = await allPages([full, ...others], 6);
  expect(full.reads.slice(0, 2)).toEqual([4, 2]);
  expect(found.map(({ id }) => id).filter((id) => id !== "a0")).toEqual([
    ...all.slice(1).map(({ id }) => id),
    ...others.map((_, i) => `b${i}`),
  ]);
});

test("one source that fails is no page in part", async () => {
  const sources = [source([{ id: "a", time: 1 }]), source([])];
  const broken = { ...source([]), page: () => Promise.reject(new Error("away")) };
  await expect(page([...sources, broken], null, 5)).rejects.toThrow("away");
});

test("a source is asked for its share and a little more, and one alone for all", () => {
  expect(firstShare(50, 1)).toBe(50);
  expect(firstShare(1, 1000)).toBe(1);
  expect(firstShare(1000, 2)).toBeLessThan(600);
  expect(firstShare(50, 16)).toBeLessThan(16);
  expect(firstShare(50, 1000)).toBeLessThan(5);
  for (const [limit, sources] of [
    [50, 16],
    [1000, 16],
    [50, 1000],
    [200, 100],
  ] as const) {
    let short = 0;
    const share = firstShare(limit, sources);
    for (let run = 0; run < 200; run++) {
      const counts = new Array<number>(sources).fill(0);
      for (let i = 0; i < limit; i++) {
        const n = Math.floor(Math.random() * sources);
        counts[n] = (counts[n] ?? 0) + 1;
      }
      if (Math.max(...counts) >= share) short++;
    }
    // 2 % are expected.
    expect(short, `${limit} of ${sources}`).toBeLessThan(20);
  }
});
