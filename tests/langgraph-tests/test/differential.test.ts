// The same generated calls on LangGraph's MemorySaver and on ours give the same answers.
import { type CheckpointTuple, MemorySaver } from "@langchain/langgraph-checkpoint";
import { ThulpSaver } from "@thulp-sessions/langgraph";
import { LOCAL_KINDS } from "@thulp-sessions/testing-stores";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { history, Player, textOf } from "./histories.ts";

const SOAK = process.env["SOAK"] === "1";
const SEED = process.env["SEED"];
const OPTIONS = SEED === undefined ? {} : { seed: Number(SEED) };

describe.each(LOCAL_KINDS)("over $name", (kind) => {
  const runs = SOAK ? 400 : { memory: 25, fs: 6, sqlite: 6, remote: 3 }[kind.name];

  test("every checkpoint is what MemorySaver gives, whichever saver put it", async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.nat(), async (calls, seed) => {
        const place = await kind.place();
        const store = await place.open();
        const theirs = new MemorySaver();
        // In turns, so that each has to find what the other has stored; one forgets all but one thread.
        const ours = [
          new ThulpSaver(store, { trustItems: true }),
          new ThulpSaver(store, { threads: 1 }),
          new ThulpSaver(await place.open()),
        ];
        let turn = seed;
        const player = new Player();
        await player.play(calls, () => [theirs, ours[turn++ % ours.length] as ThulpSaver]);
        for (const saver of [...ours, new ThulpSaver(store)]) {
          for (const configurable of player.places)
            expect(await textOf(await saver.getTuple({ configurable }))).toBe(
              await textOf(await theirs.getTuple({ configurable })),
            );
          for (const { thread_id, checkpoint_ns } of player.places) {
            const configurable = { thread_id, checkpoint_ns };
            const newest = await saver.getTuple({ configurable });
            expect(await textOf(newest)).toBe(await textOf(await theirs.getTuple({ configurable })));
          }
          expect((await texts(saver.list({}))).sort()).toEqual((await texts(theirs.list({}))).sort());
          const filter = { step: 3 };
          expect(await texts(saver.list({}, { filter }))).toEqual(await texts(theirs.list({}, { filter })));
        }
        await place.dispose();
      }),
      { numRuns: runs ?? 10, ...OPTIONS },
    );
  });

  test("what compacting keeps is what was there", async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.integer({ min: 1, max: 4 }), async (calls, keep) => {
        const place = await kind.place();
        const store = await place.open();
        const theirs = new MemorySaver();
        const ours = new ThulpSaver(store);
        const other = new ThulpSaver(await place.open());
        const half = Math.floor(calls.length / 2);
        const player = new Player();
        await player.play(calls.slice(0, half), () => [theirs, other]);
        for (const threadId of ["a", "b\ud83d"]) await ours.compact(threadId, { keep });
        // The other one goes on from what it knew before; forks of what is gone have all their values too.
        await player.play(calls.slice(half), () => [theirs, other]);
        for (const threadId of ["a", "b\ud83d"]) {
          await ours.compact(threadId, { keep });
          for (const checkpoint_ns of ["", "child:1"]) {
            const config = { configurable: { thread_id: threadId, checkpoint_ns } };
            const expected = await texts(theirs.list(config, { limit: keep }));
            for (const saver of [ours, other, new ThulpSaver(store)])
              expect(await texts(saver.list(config))).toEqual(expected);
          }
        }
        await place.dispose();
      }),
      { numRuns: Math.ceil((runs ?? 10) / 2), ...OPTIONS },
    );
  });
});

async function texts(tuples: AsyncIterable<CheckpointTuple>): Promise<string[]> {
  const all: string[] = [];
  for await (const tuple of tuples) all.push(await textOf(tuple));
  return all;
}
