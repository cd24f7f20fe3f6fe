import type { TreeNode } from "@thulp-sessions/core";

/** A node with how deep it stands below the first of its tree. */
export interface TreeLine {
  readonly node: TreeNode;
  readonly depth: number;
}

/**
 * The nodes of a tree in the order in which they are drawn: each below its parent, with everything that comes
 * from it, before its next sibling.
 */
export function treeLines(nodes: readonly TreeNode[]): TreeLine[] {
  const known = new Set(nodes.map(({ metadata }) => metadata.id as string));
  const children = new Map<string, TreeNode[]>();
  const roots: TreeNode[] = [];
  for (const node of nodes) {
    const parent = node.metadata.parentSession;
    // Files can say that a session is its own ancestor: the first of the answer is a root whatever it says.
    if (parent === null || !known.has(parent) || node === nodes[0]) roots.push(node);
    else children.set(parent, [...(children.get(parent) ?? []), node]);
  }
  const lines: TreeLine[] = [];
  const waiting = roots.map((node): TreeLine => ({ node, depth: 0 })).reverse();
  for (let line = waiting.pop(); line; line = waiting.pop()) {
    lines.push(line);
    const { depth } = line;
    const below = children.get(line.node.metadata.id) ?? [];
    waiting.push(...below.map((node): TreeLine => ({ node, depth: depth + 1 })).reverse());
  }
  return lines;
}
