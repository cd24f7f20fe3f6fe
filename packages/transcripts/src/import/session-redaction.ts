import { createHmac } from "node:crypto";
import type { JsonObject, JsonValue, SessionEntry } from "@thulp-sessions/core";
import { type Redaction, Redactor } from "@thulp-sessions/core/redaction";
import { objectOf } from "../model/fields.ts";

/** How secrets are replaced at import. */
export interface RedactOptions {
  /**
   * What marks are made with: with the same key the same secret has the same mark, for ever. Who has it can
   * find out whether a guess at a secret is right, so keep it apart from the store.
   */
  readonly key: string | Uint8Array;
}

/** Where a secret was replaced. */
export interface RedactedPlace {
  /** What it was, e.g. `token of GitHub`; never the secret. */
  readonly name: string;
  /** The `seq` of the entry; `null` for the name, the tags or the context of the session. */
  readonly entry: number | null;
  /** Within that, e.g. `content.record.message.content[0].text`. */
  readonly path: string;
}

/** What was replaced in one file. */
export interface RedactionReport {
  readonly count: number;
  /** Of the first thousand. */
  readonly places: readonly RedactedPlace[];
}

const DIGITS = 12;
const MOST_PLACES = 1000;

/** A redactor whose marks tell secrets apart by a hash that nobody can make without the key. */
export function keyedRedactor({ key }: RedactOptions, onRedaction?: (each: Redaction) => void): Redactor {
  const tell = (secret: string) => createHmac("sha256", key).update(secret).digest("hex").slice(0, DIGITS);
  return new Redactor({ tell, onRedaction });
}

/** Replaces the secrets of one session, and counts them. */
export class SessionRedaction {
  readonly #redactor: Redactor;
  /** Of the text that is looked at. */
  #found: Redaction[] = [];
  /** Of entries of which is not known yet whether they are new. */
  readonly #ofEntries = new Map<string, readonly Redaction[]>();
  readonly #ofHead = new Map<string, Redaction>();
  /** By what they are: of this import, and of those before. */
  readonly #counts = new Map<string, number>();
  readonly #places: RedactedPlace[] = [];
  #count = 0;

  /** @param before what stands in the session's context, from the imports before. */
  constructor(options: RedactOptions, before: JsonValue | undefined) {
    this.#redactor = keyedRedactor(options, (each) => void this.#found.push(each));
    for (const [name, count] of Object.entries(objectOf(objectOf(before)?.["secrets"]) ?? {}))
      if (typeof count === "number") this.#counts.set(name, count);
  }

  /** An entry without its secrets; whether it is new is told by {@link SessionRedaction.placed}. */
  entry(entry: SessionEntry): SessionEntry {
    this.#found = [];
    const redacted = this.#redactor.entry(entry);
    const content = this.#bytes(redacted.content, ["content"]);
    if (this.#found.length > 0) this.#ofEntries.set(entry.id, this.#found);
    return content === redacted.content ? redacted : { ...redacted, content };
  }

  /** @param seq of an entry that was added; `null` for one that was there. */
  placed(id: string, seq: number | null): void {
    const found = this.#ofEntries.get(id) ?? [];
    this.#ofEntries.delete(id);
    if (seq === null) return;
    for (const { name, path } of found) {
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
      this.#tell({ name, entry: seq, path });
    }
  }

  /** What stands in metadata or context; each place counts once, however often it is written. */
  head<T extends JsonValue>(value: T, path: string): T {
    this.#found = [];
    const redacted = this.#redactor.json(value, [path]);
    const tail = objectOf(objectOf(redacted)?.["tail"]);
    const bytes = tail && this.#bytes(tail, [path, "tail"]);
    for (const each of this.#found) {
      const key = `${each.path} ${each.name}`;
      if (this.#ofHead.has(key)) continue;
      this.#ofHead.set(key, each);
      this.#tell({ ...each, entry: null });
    }
    return bytes && bytes !== tail
      ? ({ ...(redacted as JsonObject), tail: bytes } as unknown as T)
      : redacted;
  }

  /** For the session's context. */
  json(): JsonObject {
    return { secrets: Object.fromEntries(this.#counts) };
  }

  report(): RedactionReport {
    return { count: this.#count, places: this.#places };
  }

  /** Bytes that are no text may hold one: a secret is of characters that are one byte each. */
  #bytes<T extends JsonValue>(value: T, path: readonly string[]): T {
    const base64 = objectOf(value)?.["base64"];
    if (typeof base64 !== "string") return value;
    const text = Buffer.from(base64, "base64").toString("latin1");
    const redacted = this.#redactor.text(text, "", [...path, "base64"]);
    if (redacted === text) return value;
    const bytes = Buffer.from(redacted, "latin1").toString("base64");
    return { ...(value as JsonObject), base64: bytes } as unknown as T;
  }

  #tell(place: RedactedPlace): void {
    this.#count++;
    if (this.#places.length < MOST_PLACES) this.#places.push(place);
  }
}
