import type { TranscriptFile } from "../files/transcript-file.ts";
import type { AgentReader, RecordParser } from "../model/agent-reader.ts";
import { BlockStream } from "../model/block-stream.ts";
import { DocumentStream } from "../model/document-stream.ts";
import { TranscriptStream } from "../model/transcript-stream.ts";

/** What makes entries of the bytes of a file: of lines, of a JSON text, or of a text for people. */
export function streamOf(
  reader: AgentReader,
  file: TranscriptFile,
  session: string,
  parser: RecordParser,
): TranscriptStream | DocumentStream | BlockStream {
  const of = [reader.agent, session, parser, file.modifiedAt] as const;
  const format = reader.textFormat?.(file.relativePath) ?? null;
  if (format) return new BlockStream(format, ...of);
  const keys = reader.listKeys?.(file.relativePath) ?? null;
  return keys ? new DocumentStream(keys, ...of) : new TranscriptStream(...of);
}
