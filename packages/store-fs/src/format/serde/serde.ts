import { SESSION_STATUSES, type SessionStatus } from "@thulp-sessions/core";
import { isCanonicalUuid, setKey } from "@thulp-sessions/core/store";
import type { FieldKind, Variants } from "../../file-text/fields.ts";
import { FormatError } from "./format-error.ts";
import type { JsonScanner } from "./json-scanner.ts";
import { OPEN_ARRAY, OPEN_OBJECT } from "./json-tokens.ts";

// What serde's derives accept, as the original uses them: struct fields in any order, or as an array in the
// order of the fields; an unknown field is ignored, a known one twice is an error.

/** How deep arrays and objects may be nested in a file: serde_json's limit. */
const MAX_LEVELS = 127;
export const LEVELS_IN_CONTENT = MAX_LEVELS - 3;
export const LEVELS_IN_CONTEXT_VALUE = MAX_LEVELS - 2;
export const LEVELS_IN_SESSION_TYPE = MAX_LEVELS - 3;
export const LEVELS_IN_ENTRY_TYPE = MAX_LEVELS - 4;

export interface Range {
  readonly start: number;
  readonly end: number;
}

/** An unknown field, kept as it is written. */
export interface RawField extends Range {
  readonly key: string;
}

type Readers<F extends string> = Readonly<Record<F, (scanner: JsonScanner) => unknown>>;

/** A struct as serde's derive reads it. */
export function readStruct<F extends string>(
  scanner: JsonScanner,
  what: string,
  order: readonly F[],
  readers: Readers<F>,
  defaults: Partial<Readonly<Record<F, () => unknown>>>,
  onField: (field: F, range: Range) => void,
): { values: Record<F, unknown>; unknown: RawField[] } {
  const values: Partial<Record<F, unknown>> = {};
  const seen = new Set<string>();
  const unknown: RawField[] = [];
  const offset = scanner.position;
  const read = (field: F): void => {
    seen.add(field);
    const { position } = scanner;
    values[field] = readers[field](scanner);
    onField(field, { start: position, end: scanner.position });
  };
  if (scanner.peek() === OPEN_ARRAY) {
    scanner.array((index) => {
      const field = order[index];
      if (field === undefined) scanner.fail(`${what}: more values than fields`);
      read(field);
    });
  } else {
    scanner.object((key, keyOffset) => {
      if (seen.has(key)) scanner.fail(`${what}: duplicate field "${key}"`, keyOffset);
      if (Object.hasOwn(readers, key)) {
        read(key as F);
      } else {
        const { position } = scanner;
        scanner.skip("ignored");
        unknown.push({ key, start: position, end: scanner.position });
      }
    });
  }
  for (const field of order) {
    if (seen.has(field)) continue;
    const fallback = defaults[field];
    if (!fallback) throw new FormatError(`${what}: field "${field}" is missing`, offset);
    values[field] = fallback();
  }
  return { values: values as Record<F, unknown>, unknown };
}

/** An enum with a `type` field, as serde reads it: the tag anywhere in an object, or first in an array. */
export function readTagged(scanner: JsonScanner, variants: Variants, levels: number, what: string): unknown {
  const { position: offset } = scanner;
  const found = new Map<string, Range>();
  let tag: string | undefined;
  if (scanner.peek() === OPEN_ARRAY) {
    const ranges: Range[] = [];
    scanner.array((index) => {
      if (index === 0) tag = scanner.string(`expected the name of a ${what}`);
      else ranges.push(skipValue(scanner, levels));
    });
    const names = variantOf(variants, tag, what, offset);
    if (ranges.length !== names.length)
      throw new FormatError(`${what}: expected ${names.length} values`, offset);
    for (const [i, [name]] of names.entries()) found.set(name, ranges[i] as Range);
  } else {
    const members: { key: string; keyOffset: number; range: Range }[] = [];
    scanner.object((key, keyOffset) => {
      if (key !== "type") members.push({ key, keyOffset, range: skipValue(scanner, levels) });
      else if (tag !== undefined) scanner.fail('duplicate field "type"', keyOffset);
      else tag = scanner.string(`expected the name of a ${what}`);
    });
    const names = variantOf(variants, tag, what, offset);
    for (const { key, keyOffset, range } of members) {
      if (!names.some(([name]) => name === key)) continue;
      if (found.has(key)) throw new FormatError(`duplicate field "${key}"`, keyOffset);
      found.set(key, range);
    }
  }
  const after = scanner.position;
  const value: Record<string, unknown> = { type: tag };
  for (const [name, ours, kind] of variantOf(variants, tag, what, offset)) {
    const range = found.get(name);
    if (!range) throw new FormatError(`${what}: field "${name}" is missing`, offset);
    scanner.position = range.start;
    value[ours] = readKind(scanner, kind);
  }
  scanner.position = after;
  return value;
}

function variantOf(
  variants: Variants,
  tag: string | undefined,
  what: string,
  offset: number,
): Variants[string] {
  if (tag === undefined) throw new FormatError(`${what}: field "type" is missing`, offset);
  const variant = Object.hasOwn(variants, tag) ? variants[tag] : undefined;
  if (!variant) throw new FormatError(`unknown ${what} "${tag.slice(0, 64)}"`, offset);
  return variant;
}

export function skipValue(scanner: JsonScanner, levels: number): Range {
  const { position } = scanner;
  scanner.skip("value", levels);
  return { start: position, end: scanner.position };
}

function readKind(scanner: JsonScanner, kind: FieldKind): unknown {
  switch (kind) {
    case "string":
      return scanner.string();
    case "whole":
      return readWhole(scanner);
    case "bool":
      return scanner.boolean();
    case "float":
      return Number(scanner.numberText());
    case "metrics": {
      const metrics: Record<string, number> = {};
      scanner.object((name) => setKey(metrics, name, Number(scanner.numberText())));
      return metrics;
    }
  }
}

/** The original's u64. */
export function readWhole(scanner: JsonScanner): number {
  scanner.peek();
  const { position } = scanner;
  const text = scanner.numberText("expected a whole number");
  if (!/^\d+$/.test(text) || BigInt(text) > 0xffff_ffff_ffff_ffffn)
    scanner.fail("expected a whole number from 0", position);
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new FormatError(`${text} is a whole number that JavaScript cannot hold`, position, "unsupported");
  }
  return value;
}

/** A UUID in any of the forms that the original's parser takes: hyphenated, plain, in braces, as a URN. */
export function readUuid(scanner: JsonScanner): string {
  scanner.peek();
  const { position } = scanner;
  const text = scanner.string("expected a UUID");
  const inner =
    text.length === 38 && text.startsWith("{") && text.endsWith("}")
      ? text.slice(1, -1)
      : text.length === 45 && text.startsWith("urn:uuid:")
        ? text.slice(9)
        : text.length === 32
          ? text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
          : text;
  const uuid = inner.toLowerCase();
  if (!isCanonicalUuid(uuid)) scanner.fail("expected a UUID", position);
  return uuid;
}

/** A unit variant: its name, or an object with the name as the only key and null as the value. */
export function readStatus(scanner: JsonScanner): SessionStatus {
  let name: string | undefined;
  const { position } = scanner;
  if (scanner.peek() === OPEN_OBJECT) {
    scanner.object((key, keyOffset) => {
      if (name !== undefined || !scanner.takeNull()) scanner.fail("expected a status", keyOffset);
      name = key;
    });
  } else {
    name = scanner.string("expected a status");
  }
  const status = SESSION_STATUSES.find((known) => known === name);
  if (status === undefined) scanner.fail(`unknown status "${(name ?? "").slice(0, 64)}"`, position);
  return status;
}

/** A file must not fill the memory with tags. */
const MOST_TAGS = 1_000_000;

export function readTags(scanner: JsonScanner): string[] {
  const tags: string[] = [];
  scanner.array(() => {
    if (tags.push(scanner.string()) > MOST_TAGS)
      throw new FormatError(`more than ${MOST_TAGS} tags`, scanner.position, "unsupported");
  });
  return tags;
}
