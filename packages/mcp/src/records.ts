import type { SessionMetadata } from "@thulp-sessions/core";
import { z } from "zod";
import { beginning } from "./answer.ts";

const MAX_NAME = 300;
const MAX_TAGS = 30;
const MAX_TAG = 100;

/** A session as the tools answer with it. */
export const sessionRecord = z.object({
  id: z.string(),
  name: z.string().describe(`cut after ${MAX_NAME} characters`),
  type: z.string().describe("what kind of session: conversation, agent, evaluation, ..."),
  status: z.string().describe("active, completed, failed, cancelled or paused"),
  created_at: z.string().describe("ISO 8601, UTC"),
  updated_at: z.string().describe("ISO 8601, UTC"),
  tags: z.array(z.string()).describe(`the first ${MAX_TAGS}`),
  parent: z.string().nullable().describe("the session that this one was forked from or belongs to"),
});

/** The record of a session; a long name, long tags and many of them are cut. */
export function recordOf(metadata: SessionMetadata): z.infer<typeof sessionRecord> {
  return {
    id: metadata.id,
    name: nameOf(metadata),
    type: metadata.sessionType.type,
    status: metadata.status,
    created_at: isoTime(metadata.createdAt),
    updated_at: isoTime(metadata.updatedAt),
    tags: metadata.tags.slice(0, MAX_TAGS).map((tag) => beginning(tag, MAX_TAG)),
    parent: metadata.parentSession,
  };
}

/** The name of a session, cut where it is long. */
export function nameOf({ name }: SessionMetadata): string {
  return beginning(name, MAX_NAME);
}

/** A stored time; beyond what a date can be, which files may hold, its number as text. */
export function isoTime(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}

/** An id as the tools take it; the store says what is wrong with one that is none. */
export const sessionId = z.string().max(100).describe("the id of a session, as the other tools give it");
