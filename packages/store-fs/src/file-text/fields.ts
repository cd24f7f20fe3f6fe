import type { EntryType, SessionMetadata, SessionType } from "@thulp-sessions/core";

// The one place that knows the original's field names, and what is written under them.

export const SESSION_FIELDS = ["metadata", "entries", "context"] as const;
export const METADATA_FIELDS = [
  "id",
  "name",
  "session_type",
  "created_at",
  "updated_at",
  "status",
  "tags",
  "parent_session",
] as const;
export type MetadataField = (typeof METADATA_FIELDS)[number];
export const ENTRY_FIELDS = ["id", "timestamp", "entry_type", "content"] as const;

export type FieldKind = "string" | "whole" | "bool" | "float" | "metrics";
export type Variants = Readonly<
  Record<string, readonly (readonly [file: string, ours: string, kind: FieldKind])[]>
>;

export const SESSION_TYPES: Variants = {
  teacher_demo: [
    ["task", "task", "string"],
    ["model", "model", "string"],
  ],
  evaluation: [
    ["skill_name", "skillName", "string"],
    ["test_cases", "testCases", "whole"],
  ],
  refinement: [
    ["skill_name", "skillName", "string"],
    ["iteration", "iteration", "whole"],
  ],
  conversation: [["purpose", "purpose", "string"]],
  agent: [["agent_name", "agentName", "string"]],
};

export const ENTRY_TYPES: Variants = {
  user_message: [],
  assistant_message: [],
  system_message: [],
  tool_call: [
    ["tool_name", "toolName", "string"],
    ["success", "success", "bool"],
  ],
  skill_execution: [
    ["skill_name", "skillName", "string"],
    ["success", "success", "bool"],
  ],
  evaluation_result: [
    ["score", "score", "float"],
    ["metrics", "metrics", "metrics"],
  ],
  system_event: [["event", "event", "string"]],
};

/** Metadata as it stands in a file. */
export type EncodedMetadata = Readonly<Record<MetadataField, unknown>>;

/** What is written for each field of the metadata. */
export function encodeMetadata(metadata: SessionMetadata): EncodedMetadata {
  return {
    id: metadata.id,
    name: metadata.name,
    session_type: encodeTagged(metadata.sessionType, SESSION_TYPES),
    created_at: metadata.createdAt,
    updated_at: metadata.updatedAt,
    status: metadata.status,
    tags: metadata.tags,
    parent_session: metadata.parentSession,
  };
}

/** What is written for the type of an entry; the fields in the original's order. */
export function encodeEntryType(entryType: EntryType): Record<string, unknown> {
  return encodeTagged(entryType, ENTRY_TYPES);
}

function encodeTagged(value: SessionType | EntryType, variants: Variants): Record<string, unknown> {
  const encoded: Record<string, unknown> = { type: value.type };
  for (const [name, ours] of variants[value.type] ?? [])
    encoded[name] = (value as Record<string, unknown>)[ours];
  return encoded;
}
