import type { StoredEntry, Timestamp } from "../model/model.ts";
import type { ViewPart } from "./view-parts.ts";

/** What a view looks at of an entry; its content may have been cut. */
export type SeenEntry = Pick<StoredEntry, "entryType" | "content" | "timestamp">;

/**
 * What the records of one agent mean to a person: computed when they are read, never stored. Pure, and fit
 * for a browser. No method throws, whatever the content is.
 */
export interface EntryView {
  /**
   * The pieces of an entry in the order in which they are read; `null` for what is not in the agent's form:
   * `defaultParts` knows what to do then. A piece of text of `defaultParts` is in one of these, too.
   */
  parts(entry: SeenEntry): readonly ViewPart[] | null;
  /**
   * The entry is no part of the conversation: a note of the agent for itself, or what another entry says
   * already.
   */
  isAside(entry: SeenEntry): boolean;
  /** For the entries of one session, from the first on. */
  reader(): EntryReader;
}

/** Reads the entries of one session in their order, and says what each of them counts for. */
export interface EntryReader {
  read(entry: SeenEntry): EntryFacts;
}

/** What an entry counts for. Everything absent where the record says nothing of it. */
export interface EntryFacts {
  /** It was copied from the session that this one comes from, and counts there. */
  readonly copied?: true | undefined;
  /** Entries with the same key are states of one: the last counts, as message or as call. */
  readonly key?: string | undefined;
  readonly requests?: readonly ModelRequest[] | undefined;
  /** Paths of files that a call has written, moved or deleted, as the call names them. */
  readonly files?: readonly string[] | undefined;
}

/** What a model was asked for. */
export interface ModelRequest {
  /** Requests with the same key are states of one: the last counts. Absent: it counts by itself. */
  readonly key?: string | undefined;
  /** `null` where the record does not say. */
  readonly model: string | null;
  readonly tokens: TokenCounts;
  /** In US dollars, where the agent says it. */
  readonly cost?: number | undefined;
  /** It stands for several requests: how long each prompt was is not known. */
  readonly isSum?: true | undefined;
  /** It was not paid for by the usual prices: only a stated cost counts. */
  readonly unusualPrice?: true | undefined;
  readonly time: Timestamp;
}

/** Each token is in one of `input`, `cacheRead`, `cacheWrite` and `output`, and in none twice. */
export interface TokenCounts {
  /** That were read neither from a cache nor into it. */
  readonly input: number;
  /** What the model wrote, with what it thought. */
  readonly output: number;
  readonly cacheRead: number;
  /** Not read from a cache, and kept in it for later. */
  readonly cacheWrite: number;
  /** Of `cacheWrite`, those that are kept for an hour. */
  readonly cacheWriteHour: number;
  /** Of `output`, what the model thought. */
  readonly reasoning: number;
}

/** Of nothing. */
export const NO_TOKENS: TokenCounts = {
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
  cacheWriteHour: 0,
  reasoning: 0,
};

/** Field by field. */
export function addTokens(a: TokenCounts, b: TokenCounts): TokenCounts {
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
    cacheWriteHour: a.cacheWriteHour + b.cacheWriteHour,
    reasoning: a.reasoning + b.reasoning,
  };
}

/** All of them, each once. */
export function tokenSum({ input, output, cacheRead, cacheWrite }: TokenCounts): number {
  return input + output + cacheRead + cacheWrite;
}
