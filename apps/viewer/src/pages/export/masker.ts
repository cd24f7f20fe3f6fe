import { type FindingKind, findingsOf } from "@thulp-sessions/core/redaction";
import type { Finding } from "./review.ts";

/** What is masked: whole kinds, and values for which the other thing was chosen. */
export interface MaskChoice {
  readonly kinds: ReadonlySet<FindingKind>;
  /** By {@link exceptionKey}. */
  readonly exceptions: ReadonlySet<string>;
}

/** Nothing is masked. */
export const NO_MASKS: MaskChoice = { kinds: new Set(), exceptions: new Set() };

export function exceptionKey({ kind, value }: Pick<Finding, "kind" | "value">): string {
  return `${kind} ${value}`;
}

/** Is a value masked? */
export function isMasked(choice: MaskChoice, finding: Pick<Finding, "kind" | "value">): boolean {
  return choice.kinds.has(finding.kind) !== choice.exceptions.has(exceptionKey(finding));
}

const SIGNS: Readonly<Record<FindingKind, string>> = {
  secret: "secret",
  email: "e-mail",
  home: "home",
  host: "host",
};

/** Puts signs in the place of what was chosen, one and the same for one value. */
export class Masker {
  readonly #choice: MaskChoice;
  readonly #signs = new Map<string, string>();
  readonly #counts = new Map<FindingKind, number>();
  /** How many places were masked. */
  places = 0;

  constructor(choice: MaskChoice) {
    this.#choice = choice;
  }

  /** Changes nothing where nothing is masked. */
  readonly mask = (text: string, key: string): string => {
    if (this.#choice.kinds.size === 0 && this.#choice.exceptions.size === 0) return text;
    const parts: string[] = [];
    let at = 0;
    for (const { kind, start, end } of findingsOf(text, key)) {
      const value = text.slice(start, end);
      if (!isMasked(this.#choice, { kind, value })) continue;
      parts.push(text.slice(at, start), this.#signOf(kind, value));
      at = end;
      this.places++;
    }
    return at === 0 && parts.length === 0 ? text : parts.join("") + text.slice(at);
  };

  #signOf(kind: FindingKind, value: string): string {
    const key = exceptionKey({ kind, value });
    let sign = this.#signs.get(key);
    if (sign === undefined) {
      const number = (this.#counts.get(kind) ?? 0) + 1;
      this.#counts.set(kind, number);
      sign = `[${SIGNS[kind]} ${number}]`;
      this.#signs.set(key, sign);
    }
    return sign;
  }
}
