import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { conformanceCases } from "../src/index.ts";

const CONTRACT = readFileSync(new URL("../../../docs/store-contract.md", import.meta.url), "utf8");
const CLAUSES = [...CONTRACT.matchAll(/^- \*\*([A-Z]+-\d+)\*\* \S/gm)].map(([, id]) => id as string);

describe("the clauses of docs/store-contract.md", () => {
  test("are there, each with an id of its own", () => {
    expect(CLAUSES.length).toBeGreaterThan(100);
    expect(new Set(CLAUSES).size).toBe(CLAUSES.length);
    const allIds = CONTRACT.match(/\*\*[A-Z]+-\d+\*\*/g) ?? [];
    expect(allIds.length, "an id that is not at the head of a clause").toBe(CLAUSES.length);
  });

  test("are each cited by a case", () => {
    const cited = new Set(conformanceCases.flatMap(({ clauses }) => clauses));
    expect(CLAUSES.filter((id) => !cited.has(id))).toEqual([]);
  });
});

describe("the cases", () => {
  test("have ids of their own", () => {
    const ids = conformanceCases.map(({ id }) => id);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
    for (const id of ids) expect(id).toMatch(/^[a-z]+(-[a-z0-9]+)+$/);
  });

  test("cite clauses that are there, each once", () => {
    for (const { id, clauses } of conformanceCases) {
      expect(clauses.length, id).toBeGreaterThan(0);
      expect(new Set(clauses).size, id).toBe(clauses.length);
      expect(
        clauses.filter((clause) => !CLAUSES.includes(clause)),
        id,
      ).toEqual([]);
    }
  });
});
