import { DETECTORS, type FindingKind, isNoPlaceholder, SECRET_KEY } from "./detectors.ts";

/** What was found in a text, and where: [start, end) in UTF-16 units. */
export interface TextFinding {
  readonly kind: FindingKind;
  /** What a person calls it. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Below that a value is no secret by the key that it stands under. */
const SHORTEST_SECRET = 6;
/** What a redaction has put there before. */
const MARK = /^\[redacted: .{1,60}\]$/;

/** What may be nobody else's business in a text, in order; of what overlaps the detector that comes first. */
export function findInText(text: string): TextFinding[] {
  return find(text, false);
}

/**
 * Everything in a text that was found, in order: by its looks, or by the key that it stands under.
 *
 * @param key of the object that holds the text; empty where there is none.
 */
export function findingsOf(text: string, key: string): readonly TextFinding[] {
  return isSecretByKey(text, key) ? [wholeOf(text, findInText(text))] : findInText(text);
}

/** Of these the secrets about which there is hardly a doubt: what may be masked without a look at it. */
export function secretsOf(text: string, key: string): readonly TextFinding[] {
  const found = find(text, true);
  return isSecretByKey(text, key) && isNoPlaceholder(text) ? [wholeOf(text, found)] : found;
}

function isSecretByKey(text: string, key: string): boolean {
  return text.length >= SHORTEST_SECRET && SECRET_KEY.test(key) && !MARK.test(text);
}

/** By its looks it may have a better name, which is the same wherever it stands. */
function wholeOf(text: string, found: readonly TextFinding[]): TextFinding {
  const { length } = text;
  const whole = found.find(({ kind, start, end }) => kind === "secret" && start === 0 && end === length);
  return whole ?? { kind: "secret", name: "secret by its name", start: 0, end: length };
}

function find(text: string, sureSecrets: boolean): TextFinding[] {
  const found: TextFinding[] = [];
  for (const { kind, name, pattern, hint, isSure } of DETECTORS) {
    if (sureSecrets && kind !== "secret") continue;
    if (hint !== undefined && !text.includes(hint)) continue;
    for (const match of text.matchAll(pattern)) {
      const [start, end] = match.indices?.[1] ?? match.indices?.[0] ?? [0, 0];
      const value = text.slice(start, end);
      if (MARK.test(value) || (sureSecrets && isSure?.(value) === false)) continue;
      found.push({ kind, name, start, end });
    }
  }
  return withoutOverlaps(found);
}

function withoutOverlaps(found: readonly TextFinding[]): TextFinding[] {
  if (found.length < 2) return [...found];
  const rank = new Map(found.map((each, i) => [each, i]));
  const sorted = found.toSorted((a, b) => a.start - b.start || (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
  const kept: TextFinding[] = [];
  for (const next of sorted) {
    const last = kept.at(-1);
    if (!last || next.start >= last.end) kept.push(next);
    else if (next.kind === last.kind) {
      // Both are meant: what only one of them covers must not stay.
      const { name } = isBefore(next, last) ? next : last;
      kept[kept.length - 1] = { ...last, name, end: Math.max(last.end, next.end) };
    } else if (isBefore(next, last)) kept[kept.length - 1] = next;
  }
  return kept;
}

const KIND_ORDER: readonly FindingKind[] = ["secret", "email", "home", "host"];

/** A secret counts before what it lies in, the longer one before the shorter. */
function isBefore(a: TextFinding, b: TextFinding): boolean {
  const order = KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind);
  return order < 0 || (order === 0 && a.end - a.start > b.end - b.start);
}
