import { type JsonValue, newUuid, type SessionHead, type StoredSession } from "@thulp-sessions/core";
import { jsonEqual } from "@thulp-sessions/core/store";

/** Asks the server something on the way, e.g. what there is already. */
export type Ask = <T>(path: string, input: unknown) => Promise<T>;

/** What may be done when the answer to a call was lost. */
export interface Plan {
  /** As it is sent, each time the same: with ids where the caller gave none. */
  readonly input: unknown;
  /** Done twice, it is as if it was done once. */
  readonly repeatable: boolean;
  /** What was there already when it was repeated: the answer, if that is what the call has made; else `null`. */
  readonly settle?: ((ask: Ask) => Promise<SessionHead | null>) | undefined;
}

type Input = Readonly<Record<string, unknown>>;

const STATUS_PATHS = ["complete", "fail", "cancel", "pause", "resume"].map((name) => `sessions.${name}`);

/** How a call is sent, and whether it may be sent again. What is not named here is not repeated. */
export function planOf(type: string, path: string, given: unknown): Plan {
  if (type === "query") return { input: given, repeatable: true };
  const input = isRecord(given) ? given : {};
  const plain = { input: given, repeatable: input["expectedVersion"] === undefined };
  switch (path) {
    case "entries.append":
      return { ...plain, input: withEntryIds(input) };
    case "sessions.create":
      return creation(input);
    case "sessions.save":
      return isCreation(input)
        ? { ...plain, settle: settleCreation(sessionIn(input)) }
        : { ...plain, repeatable: false };
    case "sessions.fork":
      return input["newId"] === undefined
        ? { ...plain, repeatable: false }
        : { ...plain, settle: settleFork(input) };
    case "sessions.delete":
      return plain;
    case "sessions.update":
      return { ...plain, repeatable: plain.repeatable && isStatusAlone(input) };
    default:
      return STATUS_PATHS.includes(path) ? plain : { ...plain, repeatable: false };
  }
}

function creation(input: Input): Plan {
  const id = input["id"] ?? newUuid();
  const whole = withEntryIds({ ...input, id });
  // An id that was made here for this call is nobody else's, whatever has become of the session since.
  const settle =
    input["id"] === undefined
      ? (ask: Ask) => ask<SessionHead>("sessions.head", { id })
      : settleCreation({ metadata: whole, entries: whole["entries"], context: whole["context"] });
  return { input: whole, repeatable: true, settle };
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

/** A session that is saved under no version and in nobody's place can only be new. */
function isCreation({ session, expectedVersion, overwrite }: Input): boolean {
  return !overwrite && expectedVersion === undefined && isRecord(session) && session["version"] === undefined;
}

function isStatusAlone(input: Input): boolean {
  const names = Object.keys(input).filter((name) => input[name] !== undefined);
  return names.includes("status") && names.every((name) => ["id", "status", "at"].includes(name));
}

interface Sent {
  readonly metadata: Input;
  readonly entries: unknown;
  readonly context: unknown;
}

function sessionIn({ session }: Input): Sent {
  const { metadata, entries, context } = session as Input;
  return { metadata: isRecord(metadata) ? metadata : {}, entries, context };
}

/** Is what is there what was sent? Entries that others have added since do not matter, nor the time of the last change. */
function settleCreation({ metadata, entries = [], context = {} }: Sent): Plan["settle"] {
  const sent = { status: "active", tags: [], parentSession: null, ...defined(metadata) };
  return async (ask) => {
    const there = await ask<StoredSession>("sessions.get", { id: sent["id" as never] });
    const names = ["name", "sessionType", "status", "tags", "parentSession", "createdAt"] as const;
    const same =
      names.every((name) => equal((sent as Input)[name] ?? there.metadata[name], there.metadata[name])) &&
      equal(context, there.context) &&
      beginsWith(there, entries as readonly Input[]);
    if (!same) return null;
    return ask<SessionHead>("sessions.head", { id: there.metadata.id });
  };
}

function beginsWith(there: StoredSession, entries: readonly Input[]): boolean {
  return entries.every(({ id, entryType, content }, seq) => {
    const stored = there.entries[seq];
    return stored?.id === id && equal(stored?.entryType, entryType) && equal(stored?.content, content);
  });
}

function settleFork({ id, newId, name, at, entryCount }: Input): Plan["settle"] {
  return async (ask) => {
    const head = await ask<SessionHead>("sessions.head", { id: newId });
    const { parentSession, createdAt } = head.metadata;
    const same =
      parentSession === String(id).toLowerCase() &&
      (name === undefined || name === head.metadata.name) &&
      (at === undefined || at === createdAt) &&
      (entryCount === undefined || Number(entryCount) <= head.entryCount);
    return same ? head : null;
  };
}

function equal(a: unknown, b: unknown): boolean {
  return jsonEqual(a as JsonValue, b as JsonValue);
}

function defined(values: Input): Input {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function isRecord(value: unknown): value is Input {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
