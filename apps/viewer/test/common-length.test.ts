import type { ViewedEntry } from "@thulp-sessions/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { commonLength } from "../src/pages/session/common-length.ts";

const entry = (seq: number, id: string) => ({ seq, id }) as unknown as ViewedEntry;

test("what is the same of a session that was taken back is found by halving, whatever is loaded", async () => {
  const lengths = fc.record({ same: fc.nat(60), before: fc.nat(30), after: fc.nat(30), from: fc.nat(80) });
  await fc.assert(
    fc.asyncProperty(lengths, async ({ same, before, after, from }) => {
      const old = Array.from({ length: same + before }, (_, i) => entry(i, i < same ? `s${i}` : `old${i}`));
      const now = Array.from({ length: same + after }, (_, i) => (i < same ? `s${i}` : `new${i}`));
      const loaded = old.slice(from);
      let asked = 0;
      const to = await commonLength(loaded, now.length, async (seq) => {
        asked++;
        return now[seq] ?? null;
      });
      const kept = loaded.filter(({ seq }) => seq < to);
      expect(kept.every(({ seq, id }) => now[seq] === id)).toBe(true);
      const lost = loaded.filter(({ seq }) => seq >= to);
      expect(lost.every(({ seq, id }) => now[seq] !== id)).toBe(true);
      expect(asked).toBeLessThanOrEqual(8);
    }),
  );
});
