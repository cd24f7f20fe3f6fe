import type { SessionHead, SessionId } from "@thulp-sessions/core";
import type { NamedTranscript } from "./agent-reader.ts";
import { derivedSessionId, nativeSessionId } from "./derived-ids.ts";
import { objectOf } from "./fields.ts";
import { SOURCE_KEY } from "./file-state.ts";

/**
 * The id of an agent's session here: its own where that is a UUID. The ids of sub-agents are short and repeat
 * over the sessions that started them.
 */
export function sessionIdOf(agent: string, { nativeId, parentId }: NamedTranscript): SessionId {
  if (parentId !== undefined) return derivedSessionId(agent, parentId, "agent", nativeId);
  return nativeSessionId(nativeId) ?? derivedSessionId(agent, nativeId);
}

/** Where that id is taken by a session that did not come from this agent. */
export function otherSessionIdOf(agent: string, { nativeId, parentId = "" }: NamedTranscript): SessionId {
  return derivedSessionId(agent, parentId, "taken", nativeId);
}

/** Of a second file of the same session, which went on in another way than the first. */
export function copySessionIdOf(agent: string, named: NamedTranscript, lineHash: string): SessionId {
  return derivedSessionId(agent, sessionIdOf(agent, named), "copy", lineHash);
}

/** What entries say about whose they are; it never changes for a session. */
export function sessionNameOf({ nativeId, parentId }: NamedTranscript): string {
  return parentId === undefined ? nativeId : `${parentId}/${nativeId}`;
}

/** Did this session come from a transcript of the agent? */
export function isOfAgent({ context, metadata }: SessionHead, agent: string): boolean {
  return objectOf(context[SOURCE_KEY])?.["agent"] === agent || metadata.tags.includes(agentTag(agent));
}

export function agentTag(agent: string): string {
  return `agent:${agent}`;
}
