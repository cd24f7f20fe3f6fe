import type { EntryTypeName, SessionId } from "@thulp-sessions/core";
import type { SeqRanges } from "../../content/seq-ranges.ts";
import { calls } from "../../live/live.ts";

/** Kinds of places that a key leads to. */
export type PlaceKind = "failures" | "results" | "user";

const TYPES: Readonly<Partial<Record<PlaceKind, readonly EntryTypeName[]>>> = {
  results: ["evaluation_result"],
  user: ["user_message"],
};

/** Where in a session the failures, results and messages of the user are, all of them. */
export class SessionPlaces {
  readonly #id: SessionId;
  readonly #known = new Map<PlaceKind, { readonly version: string; readonly ranges: Promise<SeqRanges> }>();

  constructor(id: SessionId) {
    this.#id = id;
  }

  /** @param version of the session: with another one they are looked for again. */
  of(kind: PlaceKind, version: string): Promise<SeqRanges> {
    const known = this.#known.get(kind);
    if (known?.version === version) return known.ranges;
    const types = TYPES[kind];
    const ranges = calls()
      .entries.search.query({
        id: this.#id,
        limit: 1,
        ...(kind === "failures" ? { failedOnly: true } : { types: [...(types ?? [])] }),
      })
      .then((found) => found.ranges ?? []);
    this.#known.set(kind, { version, ranges });
    ranges.catch(() => this.#known.delete(kind));
    return ranges;
  }
}
