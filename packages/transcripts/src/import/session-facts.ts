import type {
  JsonObject,
  SessionHead,
  SessionId,
  SessionMetadata,
  SessionStatus,
  Timestamp,
} from "@thulp-sessions/core";
import type { TranscriptFile } from "../files/transcript-file.ts";
import type { AgentReader, TranscriptFacts } from "../model/agent-reader.ts";
import type { FileState } from "../model/file-state.ts";
import { agentTag, sessionIdOf } from "../model/session-ids.ts";

/** What an import makes of the facts of a transcript. */
export interface DerivedMetadata {
  readonly name: string;
  readonly status: SessionStatus;
  readonly tags: readonly string[];
  readonly parentSession: SessionId | null;
}

export function deriveMetadata(
  { agent, title }: AgentReader,
  id: SessionId,
  facts: TranscriptFacts,
  duplicateOf: SessionId | undefined,
): DerivedMetadata {
  const link = facts.parent ?? facts.fork;
  const parent = duplicateOf ?? (link ? sessionIdOf(agent, link) : null);
  return {
    name: facts.name ?? title,
    status: facts.status,
    tags: [
      agentTag(agent),
      ...(facts.cwd === undefined ? [] : [`project:${facts.cwd}`]),
      ...(facts.gitBranch === undefined ? [] : [`branch:${facts.gitBranch}`]),
      ...(duplicateOf === undefined ? [] : [`duplicate-of:${duplicateOf}`]),
    ],
    parentSession: parent === id ? null : parent,
  };
}

export function newMetadata(
  id: SessionId,
  agent: string,
  { name, status, tags, parentSession }: DerivedMetadata,
  createdAt: Timestamp,
  updatedAt: Timestamp,
): SessionMetadata {
  const sessionType = { type: "agent" as const, agentName: agent };
  return {
    id,
    name,
    sessionType,
    createdAt,
    updatedAt: Math.max(createdAt, updatedAt),
    status,
    tags: [...tags],
    parentSession,
  };
}

/**
 * What has to be changed of the metadata. What stands there is only replaced if an import has written it: a
 * name, a status or a tag that a person has given stays.
 */
export function changedMetadata(
  { metadata }: SessionHead,
  before: FileState["metadata"] | undefined,
  { name, status, tags, parentSession }: DerivedMetadata,
): Partial<DerivedMetadata> {
  const change: { -readonly [K in keyof DerivedMetadata]?: DerivedMetadata[K] } = {};
  if (name !== metadata.name && metadata.name === before?.name) change.name = name;
  if (status !== metadata.status && metadata.status === before?.status) change.status = status;
  const kept = metadata.tags.filter((tag) => tags.includes(tag) || !before?.tags.includes(tag));
  // One that an import had given and that is gone was taken off by a person.
  const added = tags.filter((tag) => !metadata.tags.includes(tag) && !before?.tags.includes(tag));
  if (added.length > 0 || kept.length < metadata.tags.length) change.tags = [...kept, ...added];
  if (metadata.parentSession === null && parentSession !== null) change.parentSession = parentSession;
  return change;
}

/** What the transcript says, as it is kept in the session's context. */
export function sourceJson(
  { agent }: AgentReader,
  file: TranscriptFile,
  { cwd, gitBranch, gitRemote, versions, fork }: TranscriptFacts,
): JsonObject {
  const { nativeId, parentId, relativePath } = file;
  return JSON.parse(
    JSON.stringify({
      agent,
      nativeId,
      parentId,
      path: relativePath,
      cwd,
      gitBranch,
      gitRemote,
      versions,
      fork,
    }),
  ) as JsonObject;
}
