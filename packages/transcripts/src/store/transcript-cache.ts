/**
 * What lies beside the store in which a {@link openTranscriptStore} keeps what it has read, so that the next
 * process need not read it again.
 */
export interface TranscriptCache {
  /** What any process has saved last; anything that is no such thing counts as nothing. */
  load(): Promise<unknown>;
  /** Keeps a JSON value for the next process. What cannot be kept is read again, and no call fails. */
  save(known: unknown): Promise<void>;
  /**
   * Runs `work` while no other process runs its own, waiting for it where it does.
   *
   * @throws when `signal` is aborted while it waits; what `work` throws.
   */
  exclusively<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** What was read from the store is damaged: the next process has to begin again. */
  damaged(): void;
}

/** Nothing outlives the process, and no other one works on it. */
export const NO_CACHE: TranscriptCache = {
  load: async () => null,
  save: async () => {},
  exclusively: (work) => work(),
  damaged: () => {},
};
