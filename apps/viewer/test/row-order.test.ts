import type { SessionRow } from "@thulp-sessions/core";
import { expect, test } from "vitest";
import { belongsTo, mergeRows, newRowCount, updateInPlace } from "../src/pages/list/row-order.ts";

const row = (id: string, updatedAt: number, name = "") =>
  ({ id, updatedAt, createdAt: 100 - updatedAt, name }) as unknown as SessionRow;
const ids = (rows: readonly SessionRow[]) => rows.map(({ id }) => id).join("");
const map = (...rows: SessionRow[]) => new Map(rows.map((each) => [each.id as string, each]));

test("changed rows go where they belong, or are brought up to date where they stand", () => {
  const rows = [row("a", 30), row("b", 20), row("c", 10)];
  expect(ids(mergeRows(rows, map(row("c", 40), row("d", 25)), "updated"))).toBe("cadb");
  expect(ids(mergeRows(rows, map(row("d", 25)), "created"))).toBe("cbda");
  const updated = updateInPlace(rows, map(row("b", 50, "new")));
  expect(ids(updated)).toBe("abc");
  expect(updated[1]?.name).toBe("new");
});

test("a row older than all that are loaded waits for its page", () => {
  const rows = [row("a", 30), row("b", 20)];
  expect(belongsTo(row("x", 25), rows, "updated", false)).toBe(true);
  expect(belongsTo(row("x", 15), rows, "updated", false)).toBe(false);
  expect(belongsTo(row("x", 15), rows, "updated", true)).toBe(true);
  expect(belongsTo(row("x", 15), [], "updated", false)).toBe(true);
});

test("the line of what is new stands behind the last that is", () => {
  const rows = [row("a", 30), row("b", 20), row("c", 10)];
  expect(newRowCount(rows, 15, "updated")).toBe(2);
  expect(newRowCount(rows, 30, "updated")).toBe(null);
  expect(newRowCount(rows, 5, "updated")).toBe(null);
  expect(newRowCount(rows, 0, "updated")).toBe(null);
});
