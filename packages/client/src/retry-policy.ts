import { type JsonValue, newUuid, type SessionHead, type StoredSession } from "@thulp-sessions/core";
import { jsonEqual } from "@thulp-sessions/core/store";
import type { AppRouter } from "@thulp-sessions/router";

/** Sends a query to the server, to find out what an earlier attempt has done. */
export type Ask = <T>(path: string, input: unknown) => Promise<T>;

/**
 * Finds the answer of a call that was refused because an earlier attempt had succeeded; `null` if it had not.
 */
export type ResolveInDoubt = (ask: Ask) => Promise<SessionHead | null>;

/** How one call is sent, and what may be done when its answer is lost. */
export interface RetryPlan {
  /** As it is sent, the same in every attempt: with ids where the caller gave none. */
  readonly input: unknown;
  /** The call is idempotent: done twice, it is as if it was done once. */
  readonly retryable: boolean;
  /** Absent where a retry cannot be refused because of an earlier attempt. */
  readonly resolveInDoubt?: ResolveInDoubt | undefined;
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
const unlessVersioned: RetryRule = (input) => ({ input, retryable: isUnversioned(record(input)) });

/** The rule of each path. A new path of the API does not compile until it has one here. */
const RETRY_RULES: Readonly<Record<Path, RetryRule>> = {
  "sessions.create": retryCreate,
  "sessions.get": always,
  "sessions.head": always,
  "sessions.list": always,
  "sessions.heads": always,
  "sessions.count": always,
  "sessions.countBy": always,
  "sessions.exists": always,
  "sessions.save": retrySave,
  "sessions.update": (given) => {
    const input = record(given);
    return { input: given, retryable: isUnversioned(input) && changesOnlyStatus(input) };
  },
  "sessions.delete": unlessVersioned,
  "sessions.complete": unlessVersioned,
  "sessions.fail": unlessVersioned,
  "sessions.cancel": unlessVersioned,
  "sessions.pause": unlessVersioned,
  "sessions.resume": unlessVersioned,
  "sessions.fork": retryFork,
  // A second attempt would also remove what somebody has appended after the first.
  "sessions.rewind": never,
  "sessions.checkLimits": always,
  "sessions.search": always,
  // Subscriptions resume by themselves; see subscription-link.ts.
  "sessions.watch": never,
  "entries.append": (given) => {
    const input = record(given);
    return { input: withEntryIds(input), retryable: isUnversioned(input) };
  },
  "entries.list": always,
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

function retryCreate(given: unknown): RetryPlan {
  const input = record(given);
  const id = input["id"] ?? newUuid();
  const whole = withEntryIds({ ...input, id });
  // An id that was made here is nobody else's: whatever the session has become, this call has created it.
  const resolveInDoubt: ResolveInDoubt =
    input["id"] === undefined
      ? (ask) => ask<SessionHead>("sessions.head", { id })
      : resolveCreation({ metadata: whole, entries: whole["entries"], context: whole["context"] });
  return { input: whole, retryable: true, resolveInDoubt };
}

function retrySave(given: unknown): RetryPlan {
  const { session, expectedVersion, overwrite } = record(given);
  // A session that is saved without a version, and may not replace another, can only be created.
  const creates =
    !overwrite && expectedVersion === undefined && isRecord(session) && session["version"] === undefined;
  if (!creates) return never(given);
  const { metadata, entries, context } = session;
  return {
    input: given,
    retryable: true,
    resolveInDoubt: resolveCreation({ metadata: record(metadata), entries, context }),
  };
}

function retryFork(given: unknown): RetryPlan {
  const { id, newId, name, at, entryCount } = record(given);
  if (newId === undefined) return never(given);
  return {
    input: given,
    retryable: true,
    resolveInDoubt: async (ask) => {
      const head = await ask<SessionHead>("sessions.head", { id: newId });
      const { parentSession, createdAt } = head.metadata;
      const same =
        parentSession === String(id).toLowerCase() &&
        (name === undefined || name === head.metadata.name) &&
        (at === undefined || at === createdAt) &&
        (entryCount === undefined || Number(entryCount) <= head.entryCount);
      return same ? head : null;
    },
  };
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
function resolveCreation({ metadata, entries = [], context = {} }: SentSession): ResolveInDoubt {
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
