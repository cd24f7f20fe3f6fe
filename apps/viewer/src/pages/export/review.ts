import type { JsonObject, SessionId, SessionMetadata, StoredEntry } from "@thulp-sessions/core";
import {
  FINDING_KINDS,
  type FindingKind,
  findingsOf,
  type MapText,
  mapEntry,
  mapJson,
  mapMetadata,
  type TextFinding,
} from "@thulp-sessions/core/redaction";

/** Where something stands: in an entry of a session, or in its name, tags, type or context. */
export interface Place {
  readonly id: SessionId;
  /** `null` for what is said of the session. */
  readonly seq: number | null;
}

/** One value that was found, wherever it stands. */
export interface Finding {
  readonly kind: FindingKind;
  /** What it is, for a person. */
  readonly name: string;
  readonly value: string;
  /** How often. */
  count: number;
  /** The first of them. */
  readonly places: Place[];
}

/** So many values of one kind are told apart; of more only how many places there are is known. */
const MOST_VALUES = 2000;
const MOST_PLACES = 3;

/** What an export would give away, gathered piece by piece. */
export class Review {
  readonly #found: Readonly<Record<FindingKind, Map<string, Finding>>> = {
    secret: new Map(),
    email: new Map(),
    home: new Map(),
    host: new Map(),
  };
  /** Of kinds that have more values than are told apart. */
  readonly #untold = new Map<FindingKind, number>();
  entries = 0;
  /** Entries, and the context, whose numbers JavaScript can only round. */
  inexact = 0;

  addSession(metadata: SessionMetadata, context: JsonObject, isInexact: boolean): void {
    const note = this.#noteAt({ id: metadata.id, seq: null });
    mapMetadata(metadata, note);
    mapJson(context, note);
    if (isInexact) this.inexact++;
  }

  /** @param id of its session. */
  addEntry(id: SessionId, entry: StoredEntry): void {
    this.entries++;
    if (entry.inexact) this.inexact++;
    mapEntry(entry, this.#noteAt({ id, seq: entry.seq }));
  }

  /** The values of a kind, the most frequent first. */
  valuesOf(kind: FindingKind): readonly Finding[] {
    return [...this.#found[kind].values()].sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
  }

  /** In how many places something of a kind stands. */
  placesOf(kind: FindingKind): number {
    const told = [...this.#found[kind].values()].reduce((sum, { count }) => sum + count, 0);
    return told + (this.#untold.get(kind) ?? 0);
  }

  /** In how many places values stand that are not told apart. */
  untoldOf(kind: FindingKind): number {
    return this.#untold.get(kind) ?? 0;
  }

  get isEmpty(): boolean {
    return FINDING_KINDS.every((kind) => this.placesOf(kind) === 0);
  }

  #noteAt(place: Place): MapText {
    return (text, key) => {
      for (const finding of findingsOf(text, key)) this.#note(finding, text, place);
      return text;
    };
  }

  #note({ kind, name, start, end }: TextFinding, text: string, place: Place): void {
    const values = this.#found[kind];
    const value = text.slice(start, end);
    const known = values.get(value);
    if (known) {
      known.count++;
      // Of one place there is one object.
      if (known.places.length < MOST_PLACES && known.places.at(-1) !== place) known.places.push(place);
    } else if (values.size < MOST_VALUES) {
      values.set(value, { kind, name, value, count: 1, places: [place] });
    } else {
      this.#untold.set(kind, (this.#untold.get(kind) ?? 0) + 1);
    }
  }
}
