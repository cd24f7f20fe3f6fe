// What is the same for all agents; each agent's reader is a subpath of its own.
export {
  agentOf,
  type ExportedFile,
  exportSideFiles,
  exportTranscript,
  isSubAgent,
  transcriptPath,
} from "./export/export-transcript.ts";
export { type FoundTranscripts, findTranscripts } from "./files/find-transcripts.ts";
export type { SideFile, SkippedFile, TranscriptFile } from "./files/transcript-file.ts";
export { type FollowOptions, followTranscripts, type TranscriptSource } from "./follow/follow-transcripts.ts";
export { type ImportOptions, type ImportProgress, importTranscripts } from "./import/import-transcripts.ts";
export { KnownFiles } from "./import/known-files.ts";
export {
  type BytesReport,
  type EntriesReport,
  type FileReport,
  isComplete,
  type SideFilesReport,
} from "./import/report.ts";
export type {
  AgentReader,
  AgentRoot,
  Classified,
  MachinePlace,
  NamedTranscript,
  Recognized,
  RecordParser,
  SessionLink,
  TranscriptFacts,
} from "./model/agent-reader.ts";
export { sessionIdOf } from "./model/session-ids.ts";
