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
  readonly #states: Map<SessionId, HeadState | null>;
  readonly #stored: ReadonlyMap<string, readonly StoredEntry[]>;
  readonly #added = new Map<string, StoredEntry[]>();
  readonly #clock: number;

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
    this.#states = new Map(states);
    this.#stored = stored;
    this.#clock = clock;
  }

  /** The heads that are rewritten, by id. */
  get changed(): HeadToWrite[] {
    return [...this.#changed.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** The sessions as the group leaves them; `null` for one that it has deleted. */
  states(): ReadonlyMap<SessionId, HeadState | null> {
    return new Map([...this.kinds.keys()].map((id) => [id, this.#states.get(id) ?? null]));
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
    const before = this.#states.get(id) ?? null;
    const next = { revision: (before?.revision ?? 0) + 1, stamp: randomInt(MAX_STAMP) };
    const { value, change } = write.plan(
      { state: before, next, clock: this.#clock, findEntries: (entryId) => this.#find(id, entryId) },
      results,
    );
    if (!change) {
      this.hasOthers = true;
      return value;
    }
    const { kind, state, statements, entries, firstSeq, voidsIndexFrom, isRenamed } = change;
    this.kinds.set(id, kind);
    this.#states.set(id, state);
    this.statements.push(...statements);
    entries.forEach((entry, i) => {
      const seq = firstSeq + i;
      this.entries.push({ id, seq, entry });
      const key = entryKey(id, entry.id);
      this.#added.set(key, [...(this.#added.get(key) ?? []), { ...entry, seq }]);
    });
    if (kind === "created" && state) this.created.push({ id, state });
    else if (state) this.#changed.set(id, { id, state, voidsIndexFrom, isRenamed });
    return value;
  }

  #find(id: SessionId, entryId: string): readonly StoredEntry[] {
    const key = entryKey(id, entryId);
    return [...(this.#stored.get(key) ?? []), ...(this.#added.get(key) ?? [])];
  }
}

export function entryKey(id: string, entryId: string): string {
  return id + entryId;
}
