import type { JsonObject, JsonValue } from "../model/json.ts";
import type { SessionEntry, SessionMetadata } from "../model/model.ts";
import { secretsOf } from "./find-in-text.ts";
import { type MapText, mapEntry, mapJson, mapMetadata, type TextPath } from "./map-texts.ts";

/** A secret that was replaced: what it was and where, never the secret. */
export interface Redaction {
  /** E.g. `token of GitHub`. */
  readonly name: string;
  /** Where it stood, e.g. `content.message.text`; `[…]` for what lies deeper than that is told. */
  readonly path: string;
}

/** How secrets are replaced. */
export interface RedactorOptions {
  /**
   * What tells one secret from another in its mark, the same for the same secret, e.g. a keyed hash; absent:
   * numbers in the order in which this redactor meets them. Nobody may find out the secret from it.
   */
  readonly tell?: ((secret: string) => string) | undefined;
  /** Called for each that is replaced. */
  readonly onRedaction?: ((redaction: Redaction) => void) | undefined;
}

/** An entry before it is stored, or after. */
type AnyEntry = Pick<SessionEntry, "entryType" | "content">;

const DEEPEST_TOLD = 12;
/** Two are enough for what people write; contents are of anybody. */
const MOST_PASSES = 10;

/**
 * Replaces secrets by marks, `[redacted: token of GitHub 4f21c09a77be]`: those that can be recognised with
 * hardly a doubt, by their looks or by the key that they stand under. Doing it again changes nothing.
 *
 * What has no such looks is not seen: a password in a sentence, a secret that is cut, compressed, or in
 * base64.
 */
export class Redactor {
  readonly #tell: (secret: string) => string;
  readonly #onRedaction: RedactorOptions["onRedaction"];
  readonly #numbers = new Map<string, string>();

  constructor({ tell, onRedaction }: RedactorOptions = {}) {
    this.#tell = tell ?? ((secret) => this.#numberOf(secret));
    this.#onRedaction = onRedaction;
  }

  /** A text without the secrets in it. @param key of the object that holds it, if one does. */
  text(text: string, key = "", path: TextPath = []): string {
    return this.#map(text, key, path);
  }

  /** A value without the secrets in its texts and keys; the same value where there are none. */
  json<T extends JsonValue>(value: T, path: TextPath = []): T {
    return mapJson(value, this.#map, "", path);
  }

  /**
   * An entry without the secrets in it. Its id stays, which may be a hash of what it was made of.
   *
   * An importer's `raw`, the text from which it has read `record`, goes where there were secrets in that:
   * in the text they may be written in another way.
   */
  entry<T extends AnyEntry>(entry: T): T {
    const redacted = mapEntry(entry, this.#map);
    const [before, after] = [objectOf(entry.content), objectOf(redacted.content)];
    if (!before || !after || typeof before["raw"] !== "string" || before["record"] === undefined)
      return redacted;
    if (before["record"] === after["record"] && before["raw"] === after["raw"]) return redacted;
    const { raw: _, ...content } = after;
    return { ...redacted, content };
  }

  /** The metadata of a session without the secrets in them. */
  metadata(metadata: SessionMetadata): SessionMetadata {
    return mapMetadata(metadata, this.#map);
  }

  /** What is found depends on what stands before and behind it: so until nothing is found any more. */
  readonly #map: MapText = (text, key, path) => {
    let after = text;
    for (let pass = 0; pass < MOST_PASSES; pass++) {
      const before = after;
      after = this.#replaced(before, key, path);
      if (after === before) break;
    }
    return after;
  };

  #replaced(text: string, key: string, path: TextPath): string {
    const found = secretsOf(text, key);
    if (found.length === 0) return text;
    const parts: string[] = [];
    let at = 0;
    for (const { name, start, end } of found) {
      parts.push(text.slice(at, start), `[redacted: ${name} ${this.#tell(text.slice(start, end))}]`);
      at = end;
      this.#onRedaction?.({ name, path: pathText(path) });
    }
    return parts.join("") + text.slice(at);
  }

  #numberOf(secret: string): string {
    const known = this.#numbers.get(secret);
    if (known !== undefined) return known;
    const number = String(this.#numbers.size + 1);
    this.#numbers.set(secret, number);
    return number;
  }
}

function objectOf(value: JsonValue): JsonObject | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as JsonObject) : undefined;
}

function pathText(path: TextPath): string {
  const steps = path.slice(0, DEEPEST_TOLD).map((step) => (typeof step === "number" ? `[${step}]` : step));
  return steps.join(".").replaceAll(".[", "[") + (path.length > DEEPEST_TOLD ? "[…]" : "");
}
