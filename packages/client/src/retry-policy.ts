import {
  isSessionError,
  type JsonValue,
  newUuid,
  type SessionHead,
  type SessionStatus,
  type StoredSession,
} from "@thulp-sessions/core";
import { jsonEqual } from "@thulp-sessions/core/store";
import type { AppRouter } from "@thulp-sessions/router";
import type { SeenSession } from "./seen-sessions.ts";
import { sessionErrorOf } from "./session-error.ts";

/** Sends a query to the server, to find out what an earlier attempt has done. */
export type Ask = <T>(path: string, input: unknown) => Promise<T>;

/** What follows when the answer to an attempt is lost, so that the call may have been carried out. */
export type NextStep =
  /** The call was carried out, or is as good as that: this is its answer. */
  | { readonly answer: unknown }
  /** Sent on this condition it cannot undo what others have done since. */
  | { readonly input: unknown }
  /** Whether it was carried out cannot be known. */
  | "unknown";

/** What is known when the answer to an attempt was lost. */
export interface Doubt {
  readonly seen: SeenSession | undefined;
  readonly isRefused: boolean;
}

/** How one call is sent, and what may be done when its answer is lost. */
export interface RetryPlan {
  /** As it is sent first: with ids where the caller gave none. */
  readonly input: unknown;
  /** May be sent again, as it is as long as no attempt can have been carried out. */
  readonly retryable: boolean;
  /**
   * Decides how a call goes on that may have been carried out; again, when the attempt that follows is
   * refused with `conflict` or its answer is lost too. Absent where the same call may be sent again.
   *
   * @param doubt.seen what was known of the session when the call was sent first.
   * @param doubt.isRefused the last attempt had a condition, which did not hold.
   */
  readonly inDoubt?: ((ask: Ask, doubt: Doubt) => Promise<NextStep>) | undefined;
}

type Input = Readonly<Record<string, unknown>>;
type RetryRule = (given: unknown) => RetryPlan;

type Routers = AppRouter["_def"]["record"];
/** Every path of the API that has queries or mutations, e.g. `sessions.create`. */
type Path = { [Name in keyof Routers & string]: `${Name}.${keyof Routers[Name] & string}` }[keyof Routers &
  string];

const always: RetryRule = (input) => ({ input, retryable: true });
const never: RetryRule = (input) => ({ input, retryable: false });
/** With an `expectedVersion` a retry would be refused because of the first attempt. */
function unlessVersioned(input: unknown, inDoubt: RetryPlan["inDoubt"]): RetryPlan {
  return { input, retryable: isUnversioned(record(input)), inDoubt };
}

function statusRule(status: SessionStatus): RetryRule {
  return (input) => unlessVersioned(input, setStatus(record(input), status));
}

/** The rule of each path. A new path of the API does not compile until it has one here. */
const RETRY_RULES: Readonly<Record<Path, RetryRule>> = {
  "sessions.create": retryCreate,
  "sessions.get": always,
  "sessions.head": always,
  "sessions.list": always,
  "sessions.heads": always,
  "sessions.count": always,
  "sessions.countBy": always,
  "sessions.facets": always,
  "sessions.tree": always,
  "sessions.scores": always,
  "sessions.resolve": always,
  "sessions.exists": always,
  "sessions.save": retrySave,
  "sessions.update": (given) => {
    const input = record(given);
    return changesOnlyStatus(input)
      ? unlessVersioned(given, setStatus(input, input["status"] as SessionStatus))
      : never(given);
  },
  "sessions.delete": (input) => unlessVersioned(input, deleteAgain(record(input))),
  "sessions.complete": statusRule("completed"),
  "sessions.fail": statusRule("failed"),
  "sessions.cancel": statusRule("cancelled"),
  "sessions.pause": statusRule("paused"),
  "sessions.resume": statusRule("active"),
  "sessions.fork": retryFork,
  // A second attempt would also remove what somebody has appended after the first.
  "sessions.rewind": never,
  "sessions.checkLimits": always,
  "sessions.search": always,
  // Subscriptions resume by themselves; see subscription-link.ts.
  "sessions.watch": never,
  "entries.append": (given) => {
    const input = withEntryIds(record(given));
    return unlessVersioned(input, appendAgain(input));
  },
  "entries.list": always,
  "entries.get": always,
  "entries.part": always,
  "entries.outline": always,
  "entries.turns": always,
  "entries.search": always,
  "entries.subscribe": never,
  "server.info": always,
};

/**
 * How a call is sent, and whether it may be sent again. Of a newer server's paths only queries are retried.
 */
export function retryPlanOf(type: string, path: string, given: unknown): RetryPlan {
  if (Object.hasOwn(RETRY_RULES, path)) return RETRY_RULES[path as Path](given);
  return type === "query" ? always(given) : never(given);
}

/**
 * Where the entries are there, the append is a repeat whatever the epoch. Else it is appended only if nothing
 * was removed since the first attempt: it may have been carried out, and taken back by somebody.
 */
function appendAgain(input: Input): RetryPlan["inDoubt"] {
  return async (_ask, { seen, isRefused }) => {
    if (isRefused) return "unknown";
    return { input: { ...input, expectedEpoch: input["expectedEpoch"] ?? seen?.epoch ?? NO_EPOCH } };
  };
}

/** The epoch of no session: on this condition an append can only be a repeat. */
const NO_EPOCH = "unknown";

/** A session that has the status is left alone; one that was changed since the first attempt, too. */
function setStatus(input: Input, status: SessionStatus): RetryPlan["inDoubt"] {
  return async (ask, { seen, isRefused }) => {
    const head = await existing(ask<SessionHead>("sessions.head", { id: input["id"] }));
    if (head?.metadata.status === status) return { answer: head };
    if (!head || isRefused || seen?.version !== head.version) return "unknown";
    return { input: { ...input, expectedVersion: seen.version } };
  };
}

/** Only the session of the first attempt is deleted, not one that was created under its id since. */
function deleteAgain(input: Input): RetryPlan["inDoubt"] {
  return async (ask, { seen }) => {
    const head = await existing(ask<SessionHead>("sessions.head", { id: input["id"] }));
    if (!head) return { answer: { deleted: true } };
    return head.epoch === seen?.epoch ? { input: { ...input, expectedVersion: head.version } } : "unknown";
  };
}

function retryCreate(given: unknown): RetryPlan {
  const input = record(given);
  const id = input["id"] ?? newUuid();
  const whole = withEntryIds({ ...input, id });
  // An id that was made here is nobody else's: whatever the session has become, this call has created it.
  const find: FindCreated =
    input["id"] === undefined
      ? (ask) => ask<SessionHead>("sessions.head", { id })
      : findCreation({ metadata: whole, entries: whole["entries"], context: whole["context"] });
  return { input: whole, retryable: true, inDoubt: createdOnce(whole, find) };
}

function retrySave(given: unknown): RetryPlan {
  const { session, expectedVersion, overwrite } = record(given);
  // A session that is saved without a version, and may not replace another, can only be created.
  const creates =
    !overwrite && expectedVersion === undefined && isRecord(session) && session["version"] === undefined;
  if (!creates) return never(given);
  const { metadata, entries, context } = session;
  const find = findCreation({ metadata: record(metadata), entries, context });
  return { input: given, retryable: true, inDoubt: createdOnce(given, find) };
}

function retryFork(given: unknown): RetryPlan {
  const { id, newId, name, at, entryCount } = record(given);
  if (newId === undefined) return never(given);
  const find: FindCreated = async (ask) => {
    const head = await ask<SessionHead>("sessions.head", { id: newId });
    const { parentSession, createdAt } = head.metadata;
    const same =
      parentSession === String(id).toLowerCase() &&
      (name === undefined || name === head.metadata.name) &&
      (at === undefined || at === createdAt) &&
      (entryCount === undefined || Number(entryCount) <= head.entryCount);
    return same ? head : null;
  };
  return { input: given, retryable: true, inDoubt: createdOnce(given, find) };
}

/** The session that was created, `null` where there is another one. @throws not_found */
type FindCreated = (ask: Ask) => Promise<SessionHead | null>;

/**
 * Where the session is there, it is the answer; where another is, the server says so itself. Where none is,
 * it may have been created and deleted by somebody: then it does not rise again.
 */
function createdOnce(input: unknown, find: FindCreated): RetryPlan["inDoubt"] {
  return async (ask) => {
    const found = await existing(find(ask));
    if (found === undefined) return "unknown";
    return found === null ? { input } : { answer: found };
  };
}

/** `undefined` for a session that is not there. */
async function existing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (isSessionError(sessionErrorOf(error), "not_found")) return undefined;
    throw error;
  }
}

interface SentSession {
  readonly metadata: Input;
  readonly entries: unknown;
  readonly context: unknown;
}

/**
 * Is the session that is there the one that was sent? Entries that others have added since do not matter, nor
 * the time of the last change.
 */
function findCreation({ metadata, entries = [], context = {} }: SentSession): FindCreated {
  const sent: Input = { status: "active", tags: [], parentSession: null, ...defined(metadata) };
  return async (ask) => {
    const stored = await ask<StoredSession>("sessions.get", { id: sent["id"] });
    const names = ["name", "sessionType", "status", "tags", "parentSession", "createdAt"] as const;
    const same =
      names.every((name) => equal(sent[name] ?? stored.metadata[name], stored.metadata[name])) &&
      equal(context, stored.context) &&
      beginsWith(stored, entries as readonly Input[]);
    return same ? ask<SessionHead>("sessions.head", { id: stored.metadata.id }) : null;
  };
}

function beginsWith(session: StoredSession, entries: readonly Input[]): boolean {
  return entries.every(({ id, entryType, content }, seq) => {
    const stored = session.entries[seq];
    return stored?.id === id && equal(stored?.entryType, entryType) && equal(stored?.content, content);
  });
}

function withEntryIds(input: Input): Input {
  const { entries } = input;
  if (!Array.isArray(entries)) return input;
  return {
    ...input,
    entries: entries.map((entry: unknown) =>
      isRecord(entry) && entry["id"] === undefined ? { ...entry, id: newUuid() } : entry,
    ),
  };
}

function isUnversioned(input: Input): boolean {
  return input["expectedVersion"] === undefined;
}

function changesOnlyStatus(input: Input): boolean {
  const names = Object.keys(input).filter((name) => input[name] !== undefined);
  return names.includes("status") && names.every((name) => ["id", "status", "at"].includes(name));
}

function equal(a: unknown, b: unknown): boolean {
  return jsonEqual(a as JsonValue, b as JsonValue);
}

function defined(values: Input): Input {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function record(value: unknown): Input {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Input {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
