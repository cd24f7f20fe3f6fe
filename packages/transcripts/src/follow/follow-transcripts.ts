import type { SessionStore } from "@thulp-sessions/core";
import { KnownFiles } from "../import/known-files.ts";
import type { FileReport } from "../import/report.ts";
import type { RedactOptions } from "../import/session-redaction.ts";
import { followLoop } from "./follow-loop.ts";
import { FollowedSource } from "./followed-source.ts";
import type { TranscriptSource } from "./transcript-source.ts";

/** How transcripts are followed, and who is told. */
export interface FollowOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** What became of files in which something was new, or that cannot be read (once for each reason). */
  readonly onReports?: ((reports: readonly FileReport[]) => void) | undefined;
  /** The store is busy or failing: it goes on, and tries again. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Files that were seen before are not read; it learns on. */
  readonly known?: KnownFiles | undefined;
  readonly maxSideFileBytes?: number | undefined;
  /** Secrets are replaced by marks, as by `importTranscripts`. */
  readonly redact?: RedactOptions | undefined;
  /** How often files that are being written are looked at: each second. */
  readonly pollMs?: number | undefined;
  /** How often everything is looked at, for new files nothing has told of above all: each 10 seconds. */
  readonly lookMs?: number | undefined;
}

/**
 * Takes in what agents write, as they write it, until the signal is aborted. New files are found, also where
 * they were moved to; what has changed is imported as by `importTranscripts`, whole lines only until a file
 * has not changed for two seconds.
 *
 * @throws {SessionError} closed; everything else is told of, and tried again.
 */
export async function followTranscripts(
  store: SessionStore,
  sources: readonly TranscriptSource[],
  options: FollowOptions,
): Promise<void> {
  const { known, signal, onReports, maxSideFileBytes, redact } = options;
  const followed = sources.map(
    (source) =>
      new FollowedSource(store, source, {
        known: known ?? new KnownFiles(),
        signal,
        onReports,
        maxSideFileBytes,
        redact,
      }),
  );
  await followLoop(followed, options);
}
