// What is the same for all agents; each agent's reader is a subpath of its own.
export {
  agentOf,
  type ExportedFile,
  exportMembers,
  exportSideFiles,
  exportTranscript,
  isRedacted,
  isSubAgent,
  transcriptPath,
} from "./export/export-transcript.ts";
export { type FoundTranscripts, findTranscripts } from "./files/find-transcripts.ts";
export type { OpenBytes, SideFile, SkippedFile, TranscriptFile } from "./files/transcript-file.ts";
export { type FollowOptions, followTranscripts } from "./follow/follow-transcripts.ts";
export type { TranscriptSource } from "./follow/transcript-source.ts";
export { type ImportOptions, type ImportProgress, importTranscripts } from "./import/import-transcripts.ts";
export { KnownFiles } from "./import/known-files.ts";
export {
  type BytesReport,
  type EntriesReport,
  type FileReport,
  isComplete,
  type SideFilesReport,
} from "./import/report.ts";
export {
  keyedRedactor,
  type RedactedPlace,
  type RedactionReport,
  type RedactOptions,
} from "./import/session-redaction.ts";
export type { DatabaseRow, SqlValue } from "./lines/row-text.ts";
export type { BegunSession, LineKind, TextFormat } from "./lines/text-format.ts";
export type {
  AgentReader,
  AgentRoot,
  Classified,
  DatabaseSession,
  MachinePlace,
  NamedTranscript,
  Recognized,
  RecordParser,
  SessionDatabase,
  SessionLink,
  SqlQuery,
  TranscriptFacts,
} from "./model/agent-reader.ts";
export { REDACTED_TAG, REDACTION_KEY } from "./model/file-state.ts";
export { sessionIdOf } from "./model/session-ids.ts";
