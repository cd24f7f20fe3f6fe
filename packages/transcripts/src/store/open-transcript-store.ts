import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { SessionStore, WarningListener } from "@thulp-sessions/core";
import type { TranscriptSource } from "../follow/transcript-source.ts";
import type { ImportProgress } from "../import/import-transcripts.ts";
import type { AgentReader } from "../model/agent-reader.ts";
import { NO_CACHE, type TranscriptCache } from "./transcript-cache.ts";
import { TranscriptStore } from "./transcript-store.ts";

export type { TranscriptSource } from "../follow/transcript-source.ts";
export type { TranscriptCache } from "./transcript-cache.ts";
export type { TranscriptStore } from "./transcript-store.ts";

/**
 * What readers make of records, as a number: another one wherever that has changed. What `inner` holds of
 * another format is not what the files say now.
 */
export const TRANSCRIPT_FORMAT = 2;

/** Whose histories are shown, and where what was read of them is kept. */
export interface TranscriptStoreOptions {
  /** One for each agent. A root that is not there yet is looked for again and again. */
  readonly sources: readonly TranscriptSource[];
  /**
   * What was read of the files, and answers for them: a new `MemoryStore`, or a store that only stores like
   * this one, over the same sources, have ever written to. Is this store's from now on, and is closed with
   * it, also where it cannot be opened.
   */
  readonly inner: SessionStore;
  /** What lies beside `inner` for the next process; nothing when absent. */
  readonly cache?: TranscriptCache | undefined;
  /** A name for people; `transcripts:` with the names of the agents when absent. */
  readonly location?: string | undefined;
  /** What `import --from` takes, in the refusal of what writes; the names of the agents when absent. */
  readonly importFrom?: string | undefined;
  /** Called with what cannot be read, and where there is nothing to read. */
  readonly onWarning?: WarningListener | undefined;
  /** Called while it is opened and files have to be read, with the title of their agent. */
  readonly onProgress?: ((title: string, progress: ImportProgress) => void) | undefined;
  /** How often files that are being written are looked at: each second. */
  readonly pollMs?: number | undefined;
  /** How often everything is looked at: each 10 seconds. */
  readonly lookMs?: number | undefined;
}

/**
 * Opens the histories of agents as a store that may only be read. When it resolves, what the store answers is
 * what the files say now: those that are new or were changed since `inner` was written are read, and sessions
 * whose files are gone are gone. From then on it is kept so, at the latest each 10 seconds, where somebody
 * watches or it is open for longer than a second; this keeps no process alive.
 *
 * @throws {SessionError} what `inner` throws; a file that cannot be read is a warning.
 */
export async function openTranscriptStore(options: TranscriptStoreOptions): Promise<TranscriptStore> {
  const { sources, inner, cache = NO_CACHE, onWarning, onProgress, pollMs, lookMs } = options;
  const agents = sources.map(({ reader }) => reader.agent);
  const { location = `transcripts:${agents.join()}`, importFrom = agents.join(" or --from ") } = options;
  const readOnlyReason = `it shows the agents' own files, and thulp-sessions import --from ${importFrom} takes them into a store`;
  const store = new TranscriptStore({
    sources,
    inner,
    location,
    readOnlyReason,
    cache,
    onProgress,
    pollMs,
    lookMs,
  });
  if (onWarning) store.warnings.listen(onWarning);
  try {
    warnOfNothing(store, sources);
    await store.open();
    return store;
  } catch (error) {
    await store.close().catch(() => {});
    throw error;
  }
}

/** An empty list alone would not say where was looked. */
function warnOfNothing({ location, warnings }: TranscriptStore, sources: readonly TranscriptSource[]): void {
  const looked: string[] = [];
  for (const { reader, paths } of sources) {
    const places = paths.flatMap((given) =>
      typeof given === "string" || reader.rootFiles
        ? [typeof given === "string" ? given : given.path]
        : given.folders.map((folder) => join(given.path, folder)),
    );
    if (places.some((place) => (reader.rootFiles ? hasHistories(reader, place) : existsSync(place)))) return;
    looked.push(`${reader.title} (${places.join(", ")})`);
  }
  const message = `${location}: no histories were found on this machine. Looked for: ${looked.join("; ")}.`;
  warnings.emit({ code: "not_found", message });
}

/** Beside files that are none: such a folder may be anybody's. */
function hasHistories(reader: AgentReader, folder: string): boolean {
  const names = existsSync(folder) && statSync(folder).isDirectory() ? readdirSync(folder) : [folder];
  return names.some((name) => reader.folders.includes(name) || reader.recognize(name) !== null);
}
