import type { Gate } from "../async/semaphore.ts";
import { isSessionError, SessionError } from "../model/errors.ts";
import type { SessionId } from "../model/ids.ts";
import type { Session, SessionHead, StoredEntry } from "../model/model.ts";
import type { SessionStore } from "../store/session-store.ts";
import { parseEntries } from "../store/validate.ts";
import type { StoreWarning } from "../store/warnings.ts";
import {
  compareEntries,
  type EntryChunk,
  entryPages,
  plainEntries,
  sameHead,
  sameSession,
} from "./entry-pages.ts";

// Longer than most files: reading, writing and comparing one session share its rules, and which errors are outcomes.

/** What is held in memory of a session and written in one step, in characters as JSON. A larger one is written in parts. */
const ONE_STEP_CHARACTERS = 4 * 1024 * 1024;
/** A session that takes no more than this holds up no other. */
const SMALL_CHARACTERS = 64 * 1024;
/** How often a session is begun anew because somebody else writes to it, in either store. */
const TRIES = 10;

/** What moves sessions between two stores as they stand, without reading them. */
export interface RawCopy {
  /** Does the session stand the same in both? @throws {SessionError} not_found; conflict when it is written to meanwhile. */
  isSame(id: SessionId): Promise<boolean>;
  /**
   * Brings it over and compares what arrived with what was there.
   *
   * @param expectedVersion of the session in the target whose place it takes; absent where there is none.
   * @throws {SessionError} not_found; already_exists, conflict; conflict also when it is written to meanwhile.
   */
  pass(id: SessionId, expectedVersion?: string): Promise<void>;
}

export interface CopyRules {
  readonly onConflict: "keep" | "newer" | "replace";
  readonly allowLossy: boolean;
  readonly raw: RawCopy | undefined;
  readonly signal: AbortSignal | undefined;
  /** Called as entries are written. */
  readonly onEntries: (count: number) => void;
  /** Entered before any entry is read, and left when it is known that there are few of them, or all is done. */
  readonly large: Gate;
  /** What is written in parts goes one after the other. */
  readonly alone: Gate;
}

/** Where numbers stand that JavaScript can only round: the `seq` of entries, or the context. */
export type InexactPlaces = readonly (number | "context")[];

export type CopyOutcome =
  | { readonly kind: "copied" | "equal" | "replaced" | "conflict" | "gone" }
  | { readonly kind: "inexact"; readonly places: InexactPlaces }
  | { readonly kind: "unreadable" | "refused"; readonly warning: StoreWarning };

/** Copies one session and compares what was stored with what there was. Damage and refusals are outcomes, not errors. */
export async function copySession(
  from: SessionStore,
  to: SessionStore,
  id: SessionId,
  rules: CopyRules,
): Promise<CopyOutcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await new SessionCopy(from, to, id, rules).run();
    } catch (error) {
      if (error instanceof Outcome) return error.outcome;
      if (!(error instanceof ChangedMeanwhile)) throw error;
      if (attempt < TRIES) continue;
      if (error.cause !== undefined) throw error.cause;
      throw new SessionError(
        "busy",
        `Session ${id} changes faster than it can be copied. Copy it again when nobody writes to it.`,
        {
          details: { sessionId: id },
        },
      );
    }
  }
}

/** Leaves the copying of one session from wherever it stands. */
class Outcome extends Error {
  readonly outcome: CopyOutcome;

  constructor(outcome: CopyOutcome) {
    super(outcome.kind);
    this.outcome = outcome;
  }
}

/** Others write, in either store: the session was changed or deleted between the look and the write. */
class ChangedMeanwhile extends Error {}

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

  async run(): Promise<CopyOutcome> {
    const leave = await this.#rules.large.enter();
    try {
      return await this.#run(leave);
    } catch (error) {
      const { raw } = this.#rules;
      if (!raw || !(error instanceof Outcome) || error.outcome.kind !== "inexact") throw error;
      return await this.#passOn(raw);
    } finally {
      leave();
    }
  }

  /** @param leave lets another session in: what this one holds in memory is little. */
  async #run(leave: () => void): Promise<CopyOutcome> {
    const head = await this.#reading(() => this.#from.head(this.#id));
    const present = await this.#writing(() => this.#presentHead());
    // A session that is there already is compared, not held in memory.
    const rounded = present && (await this.#sameSoFar(head, present));
    if (present && rounded) {
      if (present.entryCount === head.entryCount) {
        this.#refuse([...inexactPlaces(head, []), ...rounded]);
        return { kind: "equal" };
      }
      await this.#lookThrough(head);
      return this.#rules.alone.run(() => this.#goOn(head, present));
    }
    if (present && !this.#mayReplace(head, present)) return { kind: "conflict" };
    const written = await this.#copyAtOnce(head, present, leave);
    if (written) return written;
    await this.#lookThrough(head);
    return this.#rules.alone.run(() => this.#writeInParts(head, present));
  }

  /**
   * `undefined` where it does not fit. Apart, since a function that waits holds on to what it has read: the beginning of
   * a session that is then written in parts, until the end of that.
   */
  async #copyAtOnce(
    head: SessionHead,
    present: SessionHead | undefined,
    leave: () => void,
  ): Promise<CopyOutcome | undefined> {
    const { metadata, context } = head;
    const start = await this.#readAtOnce(head);
    if (!start) return undefined;
    const { entries, characters } = start;
    if (characters < SMALL_CHARACTERS) leave();
    this.#refuse(inexactPlaces(head, entries));
    return this.#writeAtOnce({ metadata, context, entries }, present);
  }

  async #passOn(raw: RawCopy): Promise<CopyOutcome> {
    const head = await this.#reading(() => this.#from.head(this.#id));
    const present = await this.#writing(() => this.#presentHead());
    if (present && (await this.#writing(() => raw.isSame(this.#id)))) return { kind: "equal" };
    // An exact beginning is an interrupted copy; a rounded one holds other numbers.
    const isBeginning =
      present &&
      !present.inexact &&
      present.entryCount < head.entryCount &&
      (await this.#sameSoFar(head, present))?.length === 0;
    if (present && !isBeginning && !this.#mayReplace(head, present)) return { kind: "conflict" };
    await this.#writing(() => raw.pass(this.#id, present?.version));
    this.#rules.onEntries(head.entryCount);
    return { kind: present && !isBeginning ? "replaced" : "copied" };
  }

  async #presentHead(): Promise<SessionHead | undefined> {
    try {
      return await this.#to.head(this.#id);
    } catch (error) {
      if (isSessionError(error, "not_found")) return undefined;
      throw error;
    }
  }

  /**
   * Is what the target holds the beginning of the session, or all of it? Then nothing in it would be lost. The answer is
   * `null`, or which of its entries are rounded.
   */
  async #sameSoFar(head: SessionHead, present: SessionHead): Promise<number[] | null> {
    if (!sameHead(head, present) || present.entryCount > head.entryCount) return null;
    return this.#compare(present.entryCount);
  }

  #compare(entryCount: number): Promise<number[] | null> {
    return this.#reading(() =>
      compareEntries(this.#from, this.#id, 0, entryCount, (query) => {
        this.#rules.signal?.throwIfAborted();
        return this.#writing(() => this.#to.readEntries(this.#id, query));
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
   * All entries, where they fit, else `undefined`. Where the first ones make that unlikely the rest is measured before it is
   * kept: many objects that live long teach V8 to make all of their kind among the old ones, and there their garbage
   * stays until the heap has grown by a multiple.
   */
  async #readAtOnce(head: SessionHead): Promise<EntryChunk | undefined> {
    const { entryCount } = head;
    const entries: StoredEntry[] = [];
    let characters = 0;
    let measured = false;
    return await this.#reading(async () => {
      for await (const page of entryPages(this.#from, this.#id, 0, entryCount)) {
        entries.push(...page.entries);
        characters += page.characters;
        if (entries.length === entryCount || characters >= ONE_STEP_CHARACTERS) break;
        const likely = (characters / entries.length) * entryCount;
        if (measured || likely < ONE_STEP_CHARACTERS * 2) continue;
        if (!(await this.#fits(head))) break;
        measured = true;
      }
      await this.#checkUnchanged(head);
      return entries.length < entryCount ? undefined : { entries, characters };
    });
  }

  async #fits({ entryCount }: SessionHead): Promise<boolean> {
    let characters = 0;
    let seen = 0;
    for await (const page of entryPages(this.#from, this.#id, 0, entryCount)) {
      this.#rules.signal?.throwIfAborted();
      characters += page.characters;
      seen += page.entries.length;
      if (characters >= ONE_STEP_CHARACTERS) break;
    }
    return seen === entryCount;
  }

  async #checkUnchanged(head: SessionHead): Promise<void> {
    if ((await this.#from.head(this.#id)).version !== head.version) throw new ChangedMeanwhile();
  }

  async #writeAtOnce(session: Session, present: SessionHead | undefined): Promise<CopyOutcome> {
    if (!present) {
      await this.#writing(() => this.#to.create(session));
      this.#rules.onEntries(session.entries.length);
      await this.#verifyAtOnce(session);
      return { kind: "copied" };
    }
    const { metadata } = await this.#writing(() =>
      this.#to.replace(session, { expectedVersion: present.version }),
    );
    this.#rules.onEntries(session.entries.length);
    await this.#verifyAtOnce({
      ...session,
      metadata: { ...session.metadata, updatedAt: metadata.updatedAt },
    });
    return { kind: "replaced" };
  }

  /** Each part is one step: a copy that was interrupted is gone on with. */
  async #writeInParts(head: SessionHead, present: SessionHead | undefined): Promise<CopyOutcome> {
    const { metadata, context } = head;
    if (present) await this.#writing(() => this.#to.delete(this.#id, { expectedVersion: present.version }));
    const created = await this.#writing(() => this.#to.create({ metadata, context, entries: [] }));
    await this.#goOn(head, created);
    return { kind: present ? "replaced" : "copied" };
  }

  /** Adds what the target lacks; what it holds is the beginning of the session. */
  async #goOn(head: SessionHead, present: SessionHead): Promise<CopyOutcome> {
    let { version } = present;
    let whole = true;
    await this.#reading(async () => {
      for await (const { entries } of entryPages(this.#from, this.#id, present.entryCount, head.entryCount)) {
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
    if (!whole) return this.#writeRepeated(head, version);
    await this.#verifyInParts(head);
    return { kind: "copied" };
  }

  /** `undefined` where an entry has the id of one before it, which an append takes for a repeat. */
  async #appendPart(entries: readonly StoredEntry[], head: SessionHead, expectedVersion: string) {
    try {
      const result = await this.#writing(() =>
        this.#to.append(this.#id, plainEntries(entries), { at: head.metadata.updatedAt, expectedVersion }),
      );
      return result.entries.every(({ added }) => added) ? result : undefined;
    } catch (error) {
      const { cause } = error as Error;
      if (isSessionError(cause, "conflict") && cause.details.entryId !== undefined) return undefined;
      throw error;
    }
  }

  /** Files of the original may hold an entry id twice. Only `create` takes them, and only in one step. */
  async #writeRepeated(head: SessionHead, version: string): Promise<CopyOutcome> {
    const session = await this.#reading(() => this.#from.get(this.#id));
    if (session.version !== head.version) throw new ChangedMeanwhile();
    const now = await this.#writing(() => this.#to.head(this.#id));
    // What is there now is ours: the beginning of the session, and of the last part what was no repeat.
    if (now.version !== version && now.entryCount > head.entryCount) throw new ChangedMeanwhile();
    await this.#writing(() => this.#to.delete(this.#id, { expectedVersion: now.version }));
    await this.#writing(() => this.#to.create(session));
    await this.#verifyAtOnce(session);
    return { kind: "copied" };
  }

  async #verifyAtOnce(session: Session): Promise<void> {
    await this.#verifying(async () => sameSession(session, await this.#to.get(this.#id)));
  }

  async #verifyInParts(head: SessionHead): Promise<void> {
    await this.#verifying(async () => {
      const stored = await this.#to.head(this.#id);
      const same =
        sameHead(head, stored) &&
        stored.entryCount === head.entryCount &&
        (await this.#compare(head.entryCount)) !== null;
      if (!same) await this.#checkUnchanged(head);
      return same;
    });
  }

  async #verifying(same: () => Promise<boolean>): Promise<void> {
    let cause: unknown;
    try {
      if (await same()) return;
    } catch (error) {
      if (!isSessionError(error, "not_found") && !isDamage(error)) throw error;
      cause = error;
    }
    throw new SessionError(
      "io",
      `Session ${this.#id} is not the same in ${this.#to.location} as it was written. Check that store.`,
      {
        cause,
        details: { sessionId: this.#id },
      },
    );
  }

  /** Before anything is written: a part that cannot follow would leave a torso. */
  async #lookThrough(head: SessionHead): Promise<void> {
    const places: (number | "context")[] = [...inexactPlaces(head, [])];
    await this.#reading(async () => {
      for await (const { entries } of entryPages(this.#from, this.#id, 0, head.entryCount)) {
        this.#rules.signal?.throwIfAborted();
        places.push(...inexactPlaces(undefined, entries));
        await this.#writing(async () => void parseEntries(plainEntries(entries)));
      }
    });
    this.#refuse(places);
  }

  #refuse(places: InexactPlaces): void {
    const { raw, allowLossy } = this.#rules;
    if (places.length > 0 && (raw || !allowLossy)) throw new Outcome({ kind: "inexact", places });
  }

  /** A damaged session is unreadable, one that was deleted meanwhile is gone. */
  async #reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (isSessionError(error, "not_found")) throw new Outcome({ kind: "gone" });
      if (isDamage(error)) throw new Outcome({ kind: "unreadable", warning: this.#warning(error) });
      throw error;
    }
  }

  /** What the target does not take, or holds a damaged session in the place of, is refused. Also for reading there. */
  async #writing<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (isSessionError(error, "invalid_input") || isDamage(error))
        throw new Outcome({ kind: "refused", warning: this.#warning(error) });
      if (
        ["conflict", "not_found", "already_exists"].some(
          (code) => isSessionError(error) && error.code === code,
        )
      )
        throw new ChangedMeanwhile("", { cause: error });
      throw error;
    }
  }

  #warning({ code, message }: SessionError): StoreWarning {
    return { code, message, sessionId: this.#id };
  }
}

function isDamage(error: unknown): error is SessionError {
  return isSessionError(error, "corrupt") || isSessionError(error, "unsupported");
}

function inexactPlaces(head: SessionHead | undefined, entries: readonly StoredEntry[]): InexactPlaces {
  const places = entries.filter(({ inexact }) => inexact).map(({ seq }) => seq);
  return head?.inexact ? ["context", ...places] : places;
}
