import { join, sep } from "node:path";
import { allHeads, isSessionError, type ListedHead, type SessionStore } from "@thulp-sessions/core";
import { COMPRESSED } from "../files/read-chunks.ts";
import type { Look } from "../follow/followed-source.ts";
import type { TranscriptSource } from "../follow/transcript-source.ts";
import { objectOf, textOf } from "../model/fields.ts";
import { SOURCE_KEY } from "../model/file-state.ts";
import { agentTag, sessionIdOf } from "../model/session-ids.ts";

/**
 * The sessions of an agent whose files are not there any more. Of a file that is there and cannot be read,
 * nobody knows what it says: its session is not among them.
 */
export async function goneSessions(
  store: SessionStore,
  source: TranscriptSource,
  look: Look,
): Promise<readonly ListedHead[]> {
  const filter = { tag: agentTag(source.reader.agent) };
  const there = new Set<string>(look.reports.flatMap(({ sessionId }) => sessionId ?? []));
  // Mostly nothing is gone, and then the heads of all need not be read.
  if ((await store.count(filter)) === there.size) return [];
  const isUnread = unreadSessions(source, look);
  const gone: ListedHead[] = [];
  for await (const head of allHeads(store, { filter, orderBy: "createdAt" }))
    if (!there.has(head.metadata.id) && !isUnread(head)) gone.push(head);
  return gone;
}

/** Deletes those of these sessions that are as they were found. */
export async function deleteSessions(store: SessionStore, heads: readonly ListedHead[]): Promise<void> {
  for (const head of heads) {
    const expectedVersion = "version" in head ? head.version : undefined;
    try {
      await store.delete(head.metadata.id, { expectedVersion });
    } catch (error) {
      // Another process has found the file where it is now.
      if (!isSessionError(error, "conflict")) throw error;
    }
  }
}

/** Is it, perhaps, the session of a file that could not be read? */
function unreadSessions(
  { reader, paths }: TranscriptSource,
  { files, failed, reports }: Look,
): (head: ListedHead) => boolean {
  const failedPaths = new Set(reports.filter(({ result }) => result === "failed").map(({ path }) => path));
  const ids = new Set<string>(
    files.filter(({ path }) => failedPaths.has(path)).map((file) => sessionIdOf(reader.agent, file)),
  );
  const roots = paths.map((given) => (typeof given === "string" ? given : given.path));
  return (head) => {
    const { id, tags } = head.metadata;
    if (ids.has(id) || tags.some((tag) => ids.has(tag.replace(/^duplicate-of:/, "")))) return true;
    if (failed.length === 0) return false;
    // What lies in a database, or in many files, has no path of its own.
    if (reader.database) return true;
    const path = "context" in head ? textOf(objectOf(head.context[SOURCE_KEY])?.["path"]) : undefined;
    if (path === undefined) return false;
    const wholePaths = roots.map((root) => join(root, path));
    return failed.some((each) =>
      wholePaths.some(
        (whole) => [whole, whole + COMPRESSED].includes(each.path) || whole.startsWith(`${each.path}${sep}`),
      ),
    );
  };
}
