import { randomInt } from "node:crypto";
import type { SessionId, StoredEntry } from "@thulp-sessions/core";
import type { Result, Statement } from "../connection/connection.ts";
import type { HeadState } from "../tables/rows.ts";
import type { EntryToWrite, HeadToWrite } from "./row-parameters.ts";
import type { ChangeKind, Write } from "./write.ts";

/** What a call of a group is answered. */
export type Outcome = { readonly value: unknown } | { readonly refusal: unknown };

const MAX_STAMP = 2 ** 48 - 1;

/**
 * What a group of calls writes: they are planned one after the other, each upon what those before it leave.
 */
export class GroupPlan {
  readonly outcomes: Outcome[] = [];
  /** What was changed, and how. */
  readonly kinds = new Map<SessionId, ChangeKind>();
  readonly created: HeadToWrite[] = [];
  readonly statements: Statement[] = [];
  readonly entries: EntryToWrite[] = [];
  /** Some call was refused, or found nothing to do: both have to be decided upon what is in the database. */
  hasOthers = false;
  readonly #changed = new Map<SessionId, HeadToWrite>();
  readonly #before: ReadonlyMap<SessionId, HeadState>;
  readonly #after = new Map<SessionId, HeadState | null>();
  readonly #stored: ReadonlyMap<string, readonly StoredEntry[]>;
  /** By the ids of the entries, which sessions hardly share. */
  readonly #added = new Map<string, EntryToWrite[]>();
  readonly #clock: number;
  /** One for the commit: its versions of a session differ by their revision. */
  readonly #stamp = randomInt(MAX_STAMP);

  /**
   * @param states the sessions as they are; one that is missing is not there.
   * @param stored the stored entries by {@link entryKey}.
   * @param clock microseconds.
   */
  constructor(
    states: ReadonlyMap<SessionId, HeadState>,
    stored: ReadonlyMap<string, readonly StoredEntry[]>,
    clock: number,
  ) {
    this.#before = states;
    this.#stored = stored;
    this.#clock = clock;
  }

  /** The heads that are rewritten: by then they are locked. */
  get changed(): HeadToWrite[] {
    return [...this.#changed.values()];
  }

  /** The sessions as the group leaves them; `null` for one that it has deleted. */
  get states(): ReadonlyMap<SessionId, HeadState | null> {
    return this.#after;
  }

  add(write: Write, results: readonly Result[]): void {
    try {
      this.outcomes.push({ value: this.#plan(write, results) });
    } catch (refusal) {
      this.hasOthers = true;
      this.outcomes.push({ refusal });
    }
  }

  #plan(write: Write, results: readonly Result[]): unknown {
    const { id } = write;
    const before = this.#after.get(id) ?? (this.#after.has(id) ? null : (this.#before.get(id) ?? null));
    const next = { revision: (before?.revision ?? 0) + 1, stamp: this.#stamp };
    const { value, change } = write.plan(
      { state: before, next, clock: this.#clock, findEntries: (entryId) => this.#find(id, entryId) },
      results,
    );
    if (!change) {
      this.hasOthers = true;
      return value;
    }
    const { kind, state, statements, entries, contents, firstSeq, voidsIndexFrom, isRenamed } = change;
    this.kinds.set(id, kind);
    this.#after.set(id, state);
    this.statements.push(...statements);
    entries.forEach((entry, i) => {
      const content = contents?.[i] ?? JSON.stringify(entry.content);
      const row = { id, seq: firstSeq + i, entry, content };
      this.entries.push(row);
      const before = this.#added.get(entry.id);
      if (before) before.push(row);
      else this.#added.set(entry.id, [row]);
    });
    if (kind === "created" && state) this.created.push({ id, state });
    else if (state) this.#changed.set(id, { id, state, voidsIndexFrom, isRenamed });
    return value;
  }

  #find(id: SessionId, entryId: string): readonly StoredEntry[] {
    const stored = this.#stored.size === 0 ? [] : (this.#stored.get(entryKey(id, entryId)) ?? []);
    const added = this.#added.get(entryId);
    if (!added) return stored;
    return [...stored, ...added.filter((row) => row.id === id).map(({ entry, seq }) => ({ ...entry, seq }))];
  }
}

export function entryKey(id: string, entryId: string): string {
  return id + entryId;
}
