import type { TreeNode } from "@thulp-sessions/core";
import { expect, test } from "vitest";
import { treeLines } from "../src/pages/tree/tree-lines.ts";

const node = (id: string, parentSession: string | null) =>
  ({ metadata: { id, parentSession } }) as unknown as TreeNode;
const drawn = (nodes: readonly TreeNode[]) =>
  treeLines(nodes).map(({ node: { metadata }, depth }) => `${"-".repeat(depth)}${metadata.id}`);

test("a tree is drawn with each session below its parent, and all of them once", () => {
  const nodes = [node("a", null), node("b", "a"), node("c", "a"), node("d", "b"), node("e", "d")];
  expect(drawn(nodes)).toEqual(["a", "-b", "--d", "---e", "-c"]);
  expect(drawn([node("a", "gone"), node("b", "a")])).toEqual(["a", "-b"]);
  expect(drawn([node("a", "b"), node("b", "a")])).toEqual(["a", "-b"]);
  expect(drawn([])).toEqual([]);
  const chain = Array.from({ length: 20_000 }, (_, i) => node(String(i), i === 0 ? null : String(i - 1)));
  expect(treeLines(chain).length).toBe(20_000);
});
