import {
  allSessions,
  isSessionError,
  type SessionId,
  type SessionMetadata,
  type SessionStore,
} from "@thulp-sessions/core";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { idToLookAt } from "../input/session-id.ts";
import { truncate } from "../render/columns.ts";
import { printJson } from "../render/json.ts";
import { paintStatus } from "../render/styles.ts";
import { shownName } from "../render/text.ts";
import { ago } from "../render/time.ts";

interface Node {
  readonly metadata: SessionMetadata;
  readonly children: Node[];
}

export function command(context: Context): AnyCommand {
  return newCommand("tree")
    .description("Shows where a session came from, and the forks and children of them all.")
    .argument("<id>", "the session, or the beginning of its id")
    .option("--json", "the tree as nested JSON: {metadata, children}")
    .addHelpText("after", examples("tree 0190a3c5"))
    .action(async (typed, options) => {
      const { io } = context;
      const store = await context.store();
      const id = await idToLookAt(context, store, typed);
      const { root, missing } = await rootOf(store, id);
      const seen = new Set<string>([root.id]);
      const tree = await grow(store, root, seen);
      if (options.json) return printJson(io, { ...tree, missingParent: missing });
      if (missing) await io.line(io.colors.dim(`${missing} (not in this store)`));
      await print(context, tree, id, "", missing ? "└─ " : "", missing ? "   " : "");
    });
}

/** The oldest ancestor that is in the store, and the id of its parent when that one is not. */
async function rootOf(
  store: SessionStore,
  id: string,
): Promise<{ root: SessionMetadata; missing: string | null }> {
  let { metadata } = await store.head(id);
  const seen = new Set<string>([id]);
  while (metadata.parentSession !== null && !seen.has(metadata.parentSession)) {
    seen.add(metadata.parentSession);
    try {
      metadata = (await store.head(metadata.parentSession)).metadata;
    } catch (error) {
      if (
        !isSessionError(error, "not_found") &&
        !isSessionError(error, "corrupt") &&
        !isSessionError(error, "unsupported")
      )
        throw error;
      return { root: metadata, missing: metadata.parentSession };
    }
  }
  return { root: metadata, missing: null };
}

async function grow(store: SessionStore, metadata: SessionMetadata, seen: Set<string>): Promise<Node> {
  const children: Node[] = [];
  for (const child of await childrenOf(store, metadata.id)) {
    // Files can say anything, also that a session is its own grandparent.
    if (seen.has(child.id)) continue;
    seen.add(child.id);
    children.push(await grow(store, child, seen));
  }
  return { metadata, children };
}

async function childrenOf(store: SessionStore, parent: SessionId): Promise<SessionMetadata[]> {
  const found: SessionMetadata[] = [];
  const query = { filter: { parent }, orderBy: "createdAt", direction: "asc" } as const;
  for await (const metadata of allSessions(store, query)) found.push(metadata);
  return found;
}

async function print(
  context: Context,
  { metadata, children }: Node,
  marked: string,
  before: string,
  branch: string,
  indent: string,
): Promise<void> {
  const { io, now } = context;
  const { id, name, status, updatedAt } = metadata;
  const room = Math.max(10, io.width - before.length - branch.length - 36 - 30);
  const shown = truncate(shownName(name), io.terminal ? room : 200);
  const here = id === marked ? io.colors.bold("  <- this one") : "";
  await io.line(
    `${io.colors.dim(before + branch)}${io.colors.yellow(id)}  ${id === marked ? io.colors.bold(shown) : shown}  ${paintStatus(status, io.colors)}  ${io.colors.dim(ago(updatedAt, now))}${here}`,
  );
  for (const [i, child] of children.entries()) {
    const isLast = i === children.length - 1;
    await print(context, child, marked, before + indent, isLast ? "└─ " : "├─ ", isLast ? "   " : "│  ");
  }
}
