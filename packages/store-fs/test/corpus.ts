import { cpSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** Files that the Rust original has written, accepts or refuses, with what it says of each. */
const CORPUS = join(import.meta.dirname, "fixtures", "thulp-corpus");

/** Numbers beyond 2^53 stand there as decimal strings. */
export interface Summary {
  readonly id: string;
  readonly name: string;
  readonly session_type: Readonly<Record<string, unknown>>;
  readonly created_at: number | string;
  readonly updated_at: number | string;
  readonly status: string;
  readonly tags: readonly string[];
  readonly parent_session: string | null;
  readonly entry_count: number;
  readonly turn_count: number;
  readonly user_message_count: number;
  readonly assistant_message_count: number;
  readonly duration_ms: number;
  readonly context_keys: readonly string[];
}

export interface CorpusFile {
  readonly path: string;
  readonly kind: string;
  readonly what: string;
  readonly case?: string;
  readonly accepted: boolean;
  readonly summary?: Summary;
}

const { files } = JSON.parse(readFileSync(join(CORPUS, "manifest.json"), "utf8")) as { files: CorpusFile[] };

export const acceptedFiles = files.filter(({ path }) => path.startsWith("accepted/"));
export const rejectedFiles = files.filter(({ path }) => path.startsWith("rejected/"));

export function bytesOf({ path }: CorpusFile): Buffer {
  return readFileSync(join(CORPUS, path));
}

/** The id under which the session is served: the file's name. */
export function idOf({ path }: CorpusFile): string {
  return basename(path, ".json");
}

/** Puts files of the corpus into a folder of sessions. */
export function copyInto(folder: string, wanted: readonly CorpusFile[]): void {
  for (const { path } of wanted) cpSync(join(CORPUS, path), join(folder, basename(path)));
}

export function copyFileNamesInto(folder: string): void {
  cpSync(join(CORPUS, "file-names"), folder, { recursive: true });
}
