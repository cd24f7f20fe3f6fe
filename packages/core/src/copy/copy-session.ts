import { isSessionError, SessionError } from "../model/errors.ts";
import type { SessionId } from "../model/ids.ts";
import type { GivenSession, Session, SessionHead, StoredEntry } from "../model/model.ts";
import type { SessionStore } from "../store/session-store.ts";
import { parseEntries } from "../store/validate.ts";
import type { StoreWarning } from "../store/warnings.ts";
import type { CopyOutcome, CopyRules, InexactPlaces, RawCopy } from "./copy-rules.ts";
import {
  compareEntries,
  type EntryChunk,
  entryPages,
  plainEntries,
  sameHead,
  sameSession,
} from "./entry-pages.ts";

// Longer than most files: reading, writing and comparing one session share its rules, and which failures are
// outcomes.

/**
 * A session up to this size, in characters as JSON, is held in memory and written atomically; a larger one in
 * parts.
 */
const SMALL_SESSION_CHARACTERS = 4 * 1024 * 1024;
/** A session up to this size does not keep other sessions waiting. */
const TINY_SESSION_CHARACTERS = 64 * 1024;
/** How often the copy of a session is started again because somebody else writes to it, in either store. */
const MAX_ATTEMPTS = 10;

/** The session was changed or deleted between two steps, in either store: start again. */
interface Changed {
  readonly kind: "changed";
  /** The refusal of the target that showed it. */
  readonly cause?: unknown;
}

type AttemptResult = CopyOutcome | Changed;

/**
 * Copies one session, and compares what was stored with its source. Damage and refusals are outcomes, not
 * errors.
 */
export async function copySession(
  from: SessionStore,
  to: SessionStore,
  id: SessionId,
  rules: CopyRules,
): Promise<CopyOutcome> {
  for (let attempt = 1; ; attempt++) {
    const result = await new SessionCopy(from, to, id, rules).run();
    if (result.kind !== "changed") return result;
    if (attempt < MAX_ATTEMPTS) continue;
    if (result.cause !== undefined) throw result.cause;
    throw new SessionError(
      "busy",
      `Session ${id} changes faster than it can be copied. Copy it again when nobody writes to it.`,
      { details: { sessionId: id } },
    );
  }
}

/** A failed call of one of the two stores. What it means for the copy depends on which store it was. */
class StoreFailure extends Error {
  readonly store: "source" | "target";
  readonly error: SessionError;

  constructor(store: "source" | "target", error: SessionError) {
    super(error.message, { cause: error });
    this.store = store;
    this.error = error;
  }
}

/**
 * One attempt. Each step gives the outcome that ends the attempt, or `null` to go on with the next:
 * what is there already is compared (`equal`, `conflict`, or resume), then `copySmall`, then `copyLarge`.
 */
class SessionCopy {
  readonly #from: SessionStore;
  readonly #to: SessionStore;
  readonly #id: SessionId;
  readonly #rules: CopyRules;

  constructor(from: SessionStore, to: SessionStore, id: SessionId, rules: CopyRules) {
    this.#from = from;
    this.#to = to;
    this.#id = id;
    this.#rules = rules;
  }

  async run(): Promise<AttemptResult> {
    const release = await this.#rules.largeSessions.acquire();
    try {
      const { raw } = this.#rules;
      const result = await this.#withOutcome(() => this.#copy(release));
      return result.kind === "inexact" && raw ? await this.#withOutcome(() => this.#copyRaw(raw)) : result;
    } finally {
      release();
    }
  }

  /**
   * The one place where failures of the stores become outcomes; what concerns a store as a whole is thrown.
   */
  async #withOutcome(copy: () => Promise<AttemptResult>): Promise<AttemptResult> {
    try {
      return await copy();
    } catch (failure) {
      if (!(failure instanceof StoreFailure)) throw failure;
      const { store, error } = failure;
      const warning: StoreWarning = { code: error.code, message: error.message, sessionId: this.#id };
      if (store === "source") {
        if (error.code === "not_found") return { kind: "gone" };
        if (isDamage(error)) return { kind: "unreadable", warning };
      } else {
        if (error.code === "invalid_input" || isDamage(error)) return { kind: "refused", warning };
        if (isConcurrentWrite(error)) return { kind: "changed", cause: error };
      }
      throw error;
    }
  }

  /** @param release called when this session turns out to need little memory. */
  async #copy(release: () => void): Promise<AttemptResult> {
    const head = await this.#readHead();
    const present = await this.#presentHead();
    // A session that is there already is compared, not held in memory.
    const rounded = present && (await this.#sameSoFar(head, present));
    if (present && rounded) {
      if (present.entryCount === head.entryCount)
        return this.#refuseInexact([...inexactPlaces(head, []), ...rounded]) ?? { kind: "equal" };
      return (await this.#preflight(head)) ?? this.#rules.writeMutex.run(() => this.#resume(head, present));
    }
    if (present && !this.#mayReplace(head, present)) return { kind: "conflict" };
    return (await this.#copySmall(head, present, release)) ?? (await this.#copyLarge(head, present));
  }

  /**
   * Copies a session that fits into memory; `null` for a larger one. A function of its own, since a suspended
   * function keeps its variables alive: here the beginning of a session that is then written in parts, until
   * that ends.
   */
  async #copySmall(
    head: SessionHead,
    present: SessionHead | undefined,
    release: () => void,
  ): Promise<AttemptResult | null> {
    const { metadata, context } = head;
    const read = await this.#readWhole(head);
    if (read === "changed") return { kind: "changed" };
    if (read === "too large") return null;
    const { entries, characters } = read;
    if (characters < TINY_SESSION_CHARACTERS) release();
    return (
      this.#refuseInexact(inexactPlaces(head, entries)) ??
      this.#writeWhole({ metadata, context, entries, version: head.version }, present)
    );
  }

  /** Writes a session in parts, each of them atomically, so that an interrupted copy can be resumed. */
  async #copyLarge(head: SessionHead, present: SessionHead | undefined): Promise<AttemptResult> {
    const refused = await this.#preflight(head);
    if (refused) return refused;
    const { metadata, context, version } = head;
    return this.#rules.writeMutex.run(async () => {
      if (present) await this.#target(() => this.#to.delete(this.#id, { expectedVersion: present.version }));
      const created = await this.#target(() => this.#to.create({ metadata, context, entries: [], version }));
      const result = await this.#resume(head, created);
      return result.kind === "copied" && present ? { kind: "replaced" } : result;
    });
  }

  async #copyRaw(raw: RawCopy): Promise<AttemptResult> {
    const head = await this.#readHead();
    const present = await this.#presentHead();
    if (present && (await this.#target(() => raw.isSame(this.#id)))) return { kind: "equal" };
    // An exact beginning is an interrupted copy; a rounded one holds other numbers.
    const isPartialCopy =
      present &&
      !present.inexact &&
      present.entryCount < head.entryCount &&
      (await this.#sameSoFar(head, present))?.length === 0;
    if (present && !isPartialCopy && !this.#mayReplace(head, present)) return { kind: "conflict" };
    await this.#target(() => raw.copy(this.#id, present?.version));
    this.#rules.onEntries(head.entryCount);
    return { kind: present && !isPartialCopy ? "replaced" : "copied" };
  }

  #readHead(): Promise<SessionHead> {
    return this.#source(() => this.#from.head(this.#id));
  }

  #presentHead(): Promise<SessionHead | undefined> {
    return this.#target(async () => {
      try {
        return await this.#to.head(this.#id);
      } catch (error) {
        if (isSessionError(error, "not_found")) return undefined;
        throw error;
      }
    });
  }

  /**
   * Is what the target holds the beginning of the session, or all of it? Then replacing it would lose
   * nothing. The answer is `null` for no, else which of its entries are rounded.
   */
  async #sameSoFar(head: SessionHead, present: SessionHead): Promise<number[] | null> {
    if (!sameHead(head, present) || present.entryCount > head.entryCount) return null;
    return this.#compare(present.entryCount);
  }

  #compare(entryCount: number): Promise<number[] | null> {
    return this.#source(() =>
      compareEntries(this.#from, this.#id, 0, entryCount, (query) => {
        this.#rules.signal?.throwIfAborted();
        return this.#target(() => this.#to.readEntries(this.#id, query));
      }),
    );
  }

  #mayReplace(head: SessionHead, present: SessionHead): boolean {
    const { onConflict } = this.#rules;
    return (
      onConflict === "replace" ||
      (onConflict === "newer" && head.metadata.updatedAt > present.metadata.updatedAt)
    );
  }

  /**
   * All entries, where they fit. Where the first ones make that unlikely, the rest is measured before it is
   * kept: many objects that live long make V8 pretenure them (allocate them in old space), and their garbage
   * then stays until the heap has grown by a multiple.
   */
  async #readWhole(head: SessionHead): Promise<EntryChunk | "too large" | "changed"> {
    const { entryCount } = head;
    const entries: StoredEntry[] = [];
    let characters = 0;
    let measured = false;
    return await this.#source(async () => {
      for await (const page of entryPages(this.#from, this.#id, 0, entryCount)) {
        entries.push(...page.entries);
        characters += page.characters;
        if (entries.length === entryCount || characters >= SMALL_SESSION_CHARACTERS) break;
        const likely = (characters / entries.length) * entryCount;
        if (measured || likely < SMALL_SESSION_CHARACTERS * 2) continue;
        if (!(await this.#fits(head))) break;
        measured = true;
      }
      if (!(await this.#isUnchanged(head))) return "changed";
      return entries.length < entryCount ? "too large" : { entries, characters };
    });
  }

  async #fits({ entryCount }: SessionHead): Promise<boolean> {
    let characters = 0;
    let seen = 0;
    for await (const page of entryPages(this.#from, this.#id, 0, entryCount)) {
      this.#rules.signal?.throwIfAborted();
      characters += page.characters;
      seen += page.entries.length;
      if (characters >= SMALL_SESSION_CHARACTERS) break;
    }
    return seen === entryCount;
  }

  async #isUnchanged(head: SessionHead): Promise<boolean> {
    return (await this.#from.head(this.#id)).version === head.version;
  }

  async #writeWhole(session: GivenSession, present: SessionHead | undefined): Promise<AttemptResult> {
    if (!present) {
      await this.#target(() => this.#to.create(session));
      this.#rules.onEntries(session.entries.length);
      return this.#verifyWhole(session, { kind: "copied" });
    }
    const { metadata } = await this.#target(() =>
      this.#to.replace(session, { expectedVersion: present.version }),
    );
    this.#rules.onEntries(session.entries.length);
    const { updatedAt } = metadata;
    return this.#verifyWhole(
      { ...session, metadata: { ...session.metadata, updatedAt } },
      { kind: "replaced" },
    );
  }

  /** Appends what a partial copy lacks. */
  async #resume(head: SessionHead, partial: SessionHead): Promise<AttemptResult> {
    let { version } = partial;
    let whole = true;
    await this.#source(async () => {
      for await (const { entries } of entryPages(this.#from, this.#id, partial.entryCount, head.entryCount)) {
        this.#rules.signal?.throwIfAborted();
        const result = await this.#appendPart(entries, head, version);
        if (!result) {
          whole = false;
          return;
        }
        ({ version } = result);
        this.#rules.onEntries(entries.length);
      }
    });
    return whole ? this.#verifyParts(head) : this.#writeDuplicateIds(head, version);
  }

  /** `undefined` where an entry has the id of an earlier one, which an append takes for a retry. */
  async #appendPart(entries: readonly StoredEntry[], head: SessionHead, expectedVersion: string) {
    try {
      const result = await this.#target(() =>
        this.#to.append(this.#id, plainEntries(entries), { at: head.metadata.updatedAt, expectedVersion }),
      );
      return result.entries.every(({ added }) => added) ? result : undefined;
    } catch (failure) {
      const { code, details } = failure instanceof StoreFailure ? failure.error : {};
      if (code === "conflict" && details?.entryId !== undefined) return undefined;
      throw failure;
    }
  }

  /**
   * Files of the original may hold an entry id twice. Only `create` takes such a session, and only as a
   * whole.
   */
  async #writeDuplicateIds(head: SessionHead, version: string): Promise<AttemptResult> {
    const session = await this.#source(() => this.#from.get(this.#id));
    if (session.version !== head.version) return { kind: "changed" };
    const now = await this.#target(() => this.#to.head(this.#id));
    // What is there now is this copy's: the beginning, and those entries of the last part that repeat no id.
    if (now.version !== version && now.entryCount > head.entryCount) return { kind: "changed" };
    await this.#target(() => this.#to.delete(this.#id, { expectedVersion: now.version }));
    await this.#target(() => this.#to.create(session));
    return this.#verifyWhole(session, { kind: "copied" });
  }

  #verifyWhole(session: Session, outcome: CopyOutcome): Promise<AttemptResult> {
    return this.#verify(async () =>
      sameSession(session, await this.#to.get(this.#id)) ? outcome : "different",
    );
  }

  #verifyParts(head: SessionHead): Promise<AttemptResult> {
    return this.#verify(async () => {
      const stored = await this.#to.head(this.#id);
      const same =
        sameHead(head, stored) &&
        stored.entryCount === head.entryCount &&
        (await this.#compare(head.entryCount)) !== null;
      if (same) return { kind: "copied" };
      return (await this.#isUnchanged(head)) ? "different" : { kind: "changed" };
    });
  }

  async #verify(compare: () => Promise<AttemptResult | "different">): Promise<AttemptResult> {
    let cause: unknown;
    try {
      const result = await compare();
      if (result !== "different") return result;
    } catch (error) {
      if (!isSessionError(error, "not_found") && !isDamage(error)) throw error;
      cause = error;
    }
    throw new SessionError(
      "io",
      `Session ${this.#id} is not the same in ${this.#to.location} as it was written. Check that store.`,
      { cause, details: { sessionId: this.#id } },
    );
  }

  /** Before anything is written in parts: a part that is refused later would leave a partial copy behind. */
  async #preflight(head: SessionHead): Promise<CopyOutcome | null> {
    const places: (number | "context")[] = [...inexactPlaces(head, [])];
    await this.#source(async () => {
      for await (const { entries } of entryPages(this.#from, this.#id, 0, head.entryCount)) {
        this.#rules.signal?.throwIfAborted();
        places.push(...inexactPlaces(undefined, entries));
        await this.#target(async () => void parseEntries(plainEntries(entries)));
      }
    });
    return this.#refuseInexact(places);
  }

  #refuseInexact(places: InexactPlaces): CopyOutcome | null {
    const { raw, allowLossy } = this.#rules;
    return places.length > 0 && (raw || !allowLossy) ? { kind: "inexact", places } : null;
  }

  #source<T>(call: () => Promise<T>): Promise<T> {
    return naming("source", call);
  }

  #target<T>(call: () => Promise<T>): Promise<T> {
    return naming("target", call);
  }
}

/** Runs a call of a store; its failure names the store. Nested calls keep the name of the innermost. */
async function naming<T>(store: "source" | "target", call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw isSessionError(error) ? new StoreFailure(store, error) : error;
  }
}

function isDamage(error: unknown): error is SessionError {
  return isSessionError(error, "corrupt") || isSessionError(error, "unsupported");
}

function isConcurrentWrite({ code }: SessionError): boolean {
  return code === "conflict" || code === "not_found" || code === "already_exists";
}

function inexactPlaces(head: SessionHead | undefined, entries: readonly StoredEntry[]): InexactPlaces {
  const places = entries.filter(({ inexact }) => inexact).map(({ seq }) => seq);
  return head?.inexact ? ["context", ...places] : places;
}
