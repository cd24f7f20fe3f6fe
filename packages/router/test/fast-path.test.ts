import { initTRPC } from "@trpc/server";
import { expect, test } from "vitest";
import { z } from "zod";
import { partsOf } from "../src/fast-path/run-procedure.ts";
import { appRouter, procedureAt } from "../src/index.ts";

const PATHS = Object.keys(appRouter._def.procedures);

test("every procedure of the API takes the fast path, with the internals of this version of tRPC", () => {
  expect(PATHS.length).toBeGreaterThan(20);
  for (const path of PATHS) {
    const procedure = procedureAt(path);
    expect(procedure && partsOf(procedure), path).toMatchObject({ resolver: expect.any(Function) });
  }
});

test("a procedure with another middleware or a second input is left to tRPC", () => {
  const t = initTRPC.create();
  const withTwo = t.procedure.use(({ next }) => next()).use(({ next }) => next());
  expect(partsOf(withTwo.query(() => 1))).toBeNull();
  const twice = t.procedure.input(z.object({ a: z.string() })).input(z.object({ b: z.string() }));
  expect(partsOf(twice.query(() => 1))).toBeNull();
  expect(partsOf(t.procedure.output(z.number()).query(() => 1))).toBeNull();
});
