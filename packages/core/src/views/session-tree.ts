import { isSessionError } from "../model/errors.ts";
import type { SessionId } from "../model/ids.ts";
import { leastJsonLength } from "../model/json-length.ts";
import type { SessionMetadata } from "../model/model.ts";
import { MAX_PAGE_BYTES } from "../store/requests.ts";
import { type ListedHead, MAX_PAGE, type SessionStore } from "../store/session-store.ts";
import { forkPoint } from "./fork-point.ts";
import { countsOf, type SessionCounts } from "./session-rows.ts";

/** Which part of a tree of sessions. */
export interface TreeQuery {
  /** Begin at the oldest ancestor instead of the session itself, so that siblings come too. */
  readonly whole?: boolean | undefined;
  /** How many generations of descendants: 0 to 100, 10 when absent. */
  readonly depth?: number | undefined;
  /** How many sessions, ancestors included: 1 to 1,000, 200 when absent. */
  readonly limit?: number | undefined;
  /** Also find where forks have left their parents, which takes some reads for each. */
  readonly forkPoints?: boolean | undefined;
}

/** A session in a tree. */
export interface TreeNode {
  readonly metadata: SessionMetadata;
  /** 0 for the session that was asked for, below 0 for ancestors, above for descendants of those. */
  readonly generation: number;
  /** `null` for a session whose entries cannot be read. */
  readonly counts: SessionCounts | null;
  /**
   * With how many of its parent's first entries it begins, 0 for one that is no fork; absent where it was not
   * asked for, and where one of the two is not in the answer or cannot be read.
   */
  readonly forkPoint?: number;
}

/** A part of a tree, as a flat list; the parent of a node is its `metadata.parentSession`. */
export interface SessionTree {
  /** The oldest ancestor first; a node comes after its parent, siblings by `createdAt`. */
  readonly items: readonly TreeNode[];
  /** The parent of the first node, where it is not in the store; `null` where it has none. */
  readonly missingParent: SessionId | null;
  /** There are further sessions, which `depth` or `limit` has left out. */
  readonly more: boolean;
}

/** Files can say anything, also that a session is its own ancestor. */
const MAX_ANCESTORS = 100;
/** Of so many sessions the children are asked for in one call. */
const PARENTS_A_CALL = 100;

/**
 * @param query checked.
 * @throws {SessionError} not_found, corrupt, unsupported: of the session that is asked for.
 */
export async function treeOf(
  store: SessionStore,
  id: SessionId,
  { whole = false, depth = 10, limit = 200, forkPoints = false }: TreeQuery,
): Promise<SessionTree> {
  const { ancestors, missingParent, isCut } = await ancestorsOf(store, id, limit);
  const tree = new Tree(limit);
  for (const [i, listed] of ancestors.entries()) tree.add(listed, i - ancestors.length + 1);
  let generation = whole ? 1 - ancestors.length : 0;
  let parents = [ancestors[whole ? 0 : ancestors.length - 1] as ListedHead];
  for (const each of parents) tree.expand(metadataOf(each).id);
  for (; generation < depth && parents.length > 0 && !tree.more; generation++)
    parents = await addChildren(store, tree, parents, generation + 1);
  const more = isCut || tree.more || (parents.length > 0 && (await haveChildren(store, tree, parents)));
  const nodes = tree.nodes();
  return { items: forkPoints ? await withForkPoints(store, nodes) : nodes, missingParent, more };
}

async function ancestorsOf(store: SessionStore, id: SessionId, limit: number) {
  const ancestors: ListedHead[] = [await store.head(id)];
  const seen = new Set([id]);
  for (;;) {
    const parent = metadataOf(ancestors[0] as ListedHead).parentSession;
    if (parent === null || seen.has(parent)) return { ancestors, missingParent: null, isCut: false };
    if (ancestors.length === Math.min(limit, MAX_ANCESTORS))
      return { ancestors, missingParent: null, isCut: true };
    seen.add(parent);
    // As a list gives it: an ancestor may be damaged.
    const [head] = (await store.list({ filter: { ids: [parent] }, heads: true, limit: 1 })).items;
    if (!head) return { ancestors, missingParent: parent, isCut: false };
    ancestors.unshift(head);
  }
}

class Tree {
  more = false;
  readonly #limit: number;
  readonly #nodes = new Map<SessionId, TreeNode>();
  readonly #expanded = new Set<SessionId>();
  /** Names and tags may be of any length. */
  #left = MAX_PAGE_BYTES;

  constructor(limit: number) {
    this.#limit = limit;
  }

  has(id: SessionId): boolean {
    return this.#nodes.has(id);
  }

  /** True the first time: ancestors are there before their children are looked for. */
  expand(id: SessionId): boolean {
    if (this.#expanded.has(id)) return false;
    this.#expanded.add(id);
    return true;
  }

  /** Does nothing where it is there. */
  add(listed: ListedHead, generation: number): void {
    const metadata = metadataOf(listed);
    if (this.has(metadata.id)) return;
    this.#left -= leastJsonLength(metadata);
    if (this.#nodes.size > 0 && (this.#nodes.size === this.#limit || this.#left < 0)) {
      this.more = true;
      return;
    }
    const counts = "damaged" in listed ? null : countsOf(listed);
    this.#nodes.set(metadata.id, { metadata, generation, counts });
  }

  nodes(): TreeNode[] {
    return [...this.#nodes.values()];
  }
}

/** @returns the children whose own children are not in the tree yet. */
async function addChildren(
  store: SessionStore,
  tree: Tree,
  parents: readonly ListedHead[],
  generation: number,
): Promise<ListedHead[]> {
  const added: ListedHead[] = [];
  for await (const child of childrenOf(store, parents)) {
    tree.add(child, generation);
    if (tree.more) break;
    if (tree.expand(metadataOf(child).id)) added.push(child);
  }
  return added;
}

async function haveChildren(
  store: SessionStore,
  tree: Tree,
  parents: readonly ListedHead[],
): Promise<boolean> {
  for await (const child of childrenOf(store, parents)) if (!tree.has(metadataOf(child).id)) return true;
  return false;
}

async function* childrenOf(store: SessionStore, parents: readonly ListedHead[]): AsyncGenerator<ListedHead> {
  for (let from = 0; from < parents.length; from += PARENTS_A_CALL) {
    const or = parents.slice(from, from + PARENTS_A_CALL).map((each) => ({ parent: metadataOf(each).id }));
    const query = {
      filter: { or },
      orderBy: "createdAt",
      direction: "asc",
      heads: true,
      limit: MAX_PAGE,
    } as const;
    let cursor: string | undefined;
    do {
      const page = await store.list({ ...query, cursor });
      yield* page.items;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }
}

async function withForkPoints(store: SessionStore, nodes: readonly TreeNode[]): Promise<TreeNode[]> {
  const byId = new Map(nodes.map((node) => [node.metadata.id, node]));
  const found: TreeNode[] = [];
  for (const node of nodes) {
    const { parentSession } = node.metadata;
    const parent = parentSession === null ? undefined : byId.get(parentSession);
    found.push(parent ? await withForkPoint(store, node, parent) : node);
  }
  return found;
}

async function withForkPoint(store: SessionStore, node: TreeNode, parent: TreeNode): Promise<TreeNode> {
  if (!node.counts || !parent.counts) return node;
  const counted = ({ metadata: { id } }: TreeNode, { entryCount }: SessionCounts) => ({ id, entryCount });
  try {
    const point = await forkPoint(store, counted(node, node.counts), counted(parent, parent.counts));
    return { ...node, forkPoint: point };
  } catch (error) {
    // Deleted or damaged meanwhile.
    if (["not_found", "corrupt", "unsupported"].some((code) => isSessionError(error) && error.code === code))
      return node;
    throw error;
  }
}

function metadataOf({ metadata }: ListedHead): SessionMetadata {
  return metadata;
}
