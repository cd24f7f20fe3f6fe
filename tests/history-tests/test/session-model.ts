import type { SessionStatus } from "@thulp-sessions/core";

/** One session, as far as the calls of a history look at it; `null` where there is none. */
export type ModelState = {
  /** The ids of its entries. */
  readonly entries: readonly string[];
  readonly status: SessionStatus;
  readonly version: string;
} | null;

/** A call about one session. */
export type Call =
  | { readonly kind: "create" }
  | { readonly kind: "append"; readonly id: string }
  | { readonly kind: "replaceTail"; readonly id: string; readonly keep: number; readonly version: string }
  | { readonly kind: "truncate"; readonly entryCount: number }
  | { readonly kind: "setStatus"; readonly status: SessionStatus; readonly version: string | undefined }
  | { readonly kind: "delete"; readonly version: string | undefined }
  | { readonly kind: "get" }
  | { readonly kind: "head" };

/** What a call was answered: of an error its code. */
export type Answer =
  | { readonly error: string }
  | { readonly version: string; readonly entryCount: number; readonly added?: boolean }
  | { readonly version: string; readonly entries: readonly string[]; readonly status: SessionStatus }
  | { readonly version: string; readonly entryCount: number; readonly status: SessionStatus }
  | { readonly deleted: boolean };

/**
 * The session after a call, if the call may be answered so there; `undefined` if it may not. Versions are the
 * stores' own: a write takes the one that it was answered, which must be a new one.
 */
export function step(state: ModelState, call: Call, answer: Answer): ModelState | undefined {
  switch (call.kind) {
    case "create":
      if (state) return same(answer, { error: "already_exists" }) ? state : undefined;
      return written(null, answer, { entries: [], status: "active" });
    case "delete":
      if (!state) return same(answer, { deleted: false }) ? state : undefined;
      if (call.version !== undefined && call.version !== state.version)
        return same(answer, { error: "conflict" }) ? state : undefined;
      return same(answer, { deleted: true }) ? null : undefined;
  }
  if (!state) return same(answer, { error: "not_found" }) ? state : undefined;
  const { entries, status, version } = state;
  switch (call.kind) {
    case "get":
      return same(answer, { version, entries, status }) ? state : undefined;
    case "head":
      return same(answer, { version, entryCount: entries.length, status }) ? state : undefined;
    case "append": {
      const repeat = { version, entryCount: entries.length, added: false };
      if (entries.includes(call.id)) return same(answer, repeat) ? state : undefined;
      return written(state, answer, { entries: [...entries, call.id], status });
    }
    case "replaceTail":
      if (call.version !== version) return same(answer, { error: "conflict" }) ? state : undefined;
      return written(state, answer, { entries: [...entries.slice(0, call.keep), call.id], status });
    case "truncate":
      if (call.entryCount > entries.length)
        return same(answer, { error: "invalid_input" }) ? state : undefined;
      if (call.entryCount === entries.length)
        return same(answer, { version, entryCount: entries.length }) ? state : undefined;
      return written(state, answer, { entries: entries.slice(0, call.entryCount), status });
    case "setStatus":
      if (call.version !== undefined && call.version !== version)
        return same(answer, { error: "conflict" }) ? state : undefined;
      return written(state, answer, { entries, status: call.status });
  }
}

function written(
  before: ModelState,
  answer: Answer,
  after: Omit<NonNullable<ModelState>, "version">,
): ModelState | undefined {
  if (!("version" in answer) || answer.version === before?.version) return undefined;
  if (!("entryCount" in answer) || answer.entryCount !== after.entries.length) return undefined;
  if ("added" in answer && !answer.added) return undefined;
  return { ...after, version: answer.version };
}

function same(a: Answer, b: Answer): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
