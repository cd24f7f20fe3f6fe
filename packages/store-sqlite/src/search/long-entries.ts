import type { JsonValue } from "@thulp-sessions/core";
import {
  contentStrings,
  indexTextSteps,
  keptSince,
  runSteps,
  runStepsInTurns,
  type Steps,
  Yielder,
} from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import { decodeTextSteps } from "./decode-text.ts";
import { passageSteps } from "./passages.ts";

/** Longer contents, in bytes of their JSON, are indexed in steps of their own. */
export const LONG_CONTENT = 1 << 16;

/** Where an entry stands. */
interface EntryPlace {
  readonly key: number;
  readonly sessionKey: number;
  readonly seq: number;
}

/** A long entry that is ready to be indexed. */
export interface LongEntry extends EntryPlace {
  /** Of its session when it was read. */
  readonly epoch: string;
  /** Its words; none where it cannot be read. */
  readonly passages: readonly string[];
  /** Why it cannot be read. */
  readonly problem?: unknown;
}

/** Reads long entries and finds their words. */
export class LongEntries {
  readonly #content;
  readonly #epoch;

  constructor({ client }: Pick<Database, "client">) {
    this.#content = client
      .prepare<[number], Buffer>("SELECT CAST(content AS BLOB) FROM entries WHERE key = ?")
      .pluck();
    this.#epoch = client.prepare<[number], string>("SELECT epoch FROM sessions WHERE key = ?").pluck();
  }

  /** Is that entry still the one that was read? */
  isCurrent(long: LongEntry | undefined, { key, sessionKey, seq }: EntryPlace): long is LongEntry {
    if (long?.key !== key || long.sessionKey !== sessionKey || long.seq !== seq) return false;
    const epoch = this.#epochOf(sessionKey);
    return long.epoch === epoch || seq < keptSince(long.epoch, epoch);
  }

  /** Reads it in one go. */
  read(place: EntryPlace): LongEntry {
    return runSteps(this.#reading(place));
  }

  /** The same, finding its words in pieces, between which others have their turn. */
  readInTurns(place: EntryPlace): Promise<LongEntry> {
    return runStepsInTurns(this.#reading(place), Yielder.ofPieces());
  }

  *#reading(place: EntryPlace): Steps<LongEntry> {
    const epoch = this.#epochOf(place.sessionKey);
    try {
      // What is gone is not indexed: `isCurrent` says so.
      const bytes = this.#content.get(place.key) ?? Buffer.from("null");
      yield;
      const text = yield* decodeTextSteps(bytes);
      const content = JSON.parse(text) as JsonValue;
      yield;
      const words = yield* indexTextSteps(contentStrings(content));
      return { ...place, epoch, passages: yield* passageSteps(words) };
    } catch (problem) {
      return { ...place, epoch, passages: [], problem };
    }
  }

  #epochOf(sessionKey: number): string {
    return this.#epoch.get(sessionKey) ?? "";
  }
}
