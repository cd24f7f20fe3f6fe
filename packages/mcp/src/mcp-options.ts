import { EntryViews } from "@thulp-sessions/core/view";
import { MIN_ANSWER } from "./answer.ts";

/** What a server of sessions shows and allows. */
export interface McpOptions {
  /** Also offers tools that create, append to, fork and change sessions; none deletes. False when absent. */
  readonly write?: boolean | undefined;
  /**
   * How long an answer may be, in characters of its JSON text: what is longer ends early or is cut, and says
   * so. 40,000 when absent, 4,000 at least.
   */
  readonly maxChars?: number | undefined;
  /**
   * Only the sessions with this tag exist for the server, such as those of one project; the sessions that it
   * creates get it.
   */
  readonly tag?: string | undefined;
  /**
   * What the entries of sessions say, by the tags of these: `new EntryViews(AGENT_VIEWS)` of
   * `@thulp-sessions/transcripts/views` for those that were imported. Absent: contents as they are stored.
   */
  readonly views?: EntryViews | undefined;
  /** Called with faults of which an agent is told no more than that there was one. */
  readonly onError?: ((error: Error) => void) | undefined;
}

const MAX_CHARS = 40_000;

/** The options with their defaults. */
export interface CheckedOptions {
  readonly write: boolean;
  readonly maxChars: number;
  readonly tag: string | undefined;
  readonly views: EntryViews;
  readonly onError: (error: Error) => void;
}

/** @throws {TypeError} when an option has the wrong type or is out of its range. */
export function checkOptions(options: McpOptions): CheckedOptions {
  const {
    write = false,
    maxChars = MAX_CHARS,
    tag,
    views = new EntryViews({}),
    onError = () => {},
  } = options;
  if (typeof write !== "boolean") throw new TypeError("write is not true or false.");
  if (!Number.isInteger(maxChars) || maxChars < MIN_ANSWER)
    throw new TypeError(`maxChars is not a whole number of ${MIN_ANSWER} or more.`);
  if (tag !== undefined && (typeof tag !== "string" || tag === ""))
    throw new TypeError("tag is not a text, or is an empty one.");
  if (typeof views.of !== "function") throw new TypeError("views is not an EntryViews.");
  if (typeof onError !== "function") throw new TypeError("onError is not a function.");
  return { write, maxChars, tag, views, onError };
}
