// Longer than most files: one grammar, each rule beside those that it is made of.

import { isExactNumber } from "@thulp-sessions/core/store";
import { FormatError } from "./format-error.ts";
import { isCertainlyExact, numberEnd } from "./json-number.ts";
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  MINUS,
  NINE,
  OPEN_ARRAY,
  OPEN_OBJECT,
  PLAIN,
  QUOTE,
  ZERO,
} from "./json-tokens.ts";

const MOST_LEVELS = 1_000_000;

/** `ignored`: as serde skips what it does not know; `value`: as serde reads a value. */
export type Strictness = "ignored" | "value";

/**
 * Walks over JSON text in bytes and says where things stand. It takes exactly what serde_json takes: JSON by
 * RFC 8259; in values that are read no lone surrogates and no number beyond f64, in values that are ignored
 * both. Whether the bytes are UTF-8 is not its business. Throws {@link FormatError} with the offset.
 */
export class JsonScanner {
  /** May be put in the place of others while no value is being read. */
  bytes: Buffer;
  position: number;
  /** Set when a number was read that JavaScript can only round; a caller who cares resets it. */
  sawInexact = false;
  /** How deep arrays and objects may be nested in a value that is skipped. */
  mostLevels = MOST_LEVELS;
  #containers: number[] = [];

  constructor(bytes: Buffer, position = 0) {
    this.bytes = bytes;
    this.position = position;
  }

  fail(reason: string, offset = this.position): never {
    throw new FormatError(
      offset >= this.bytes.length ? `${reason}, found the end of the file` : reason,
      offset,
    );
  }

  /** Skips white space and gives the byte that follows; NaN at the end. */
  peek(): number {
    const { bytes } = this;
    let at = this.position;
    for (;;) {
      const byte = bytes[at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) {
        this.position = at;
        return byte ?? Number.NaN;
      }
      at++;
    }
  }

  expect(byte: number, reason: string): void {
    if (this.peek() !== byte) this.fail(reason);
    this.position++;
  }

  /** Only white space may follow. */
  expectEnd(): void {
    if (!Number.isNaN(this.peek())) this.fail("expected the end of the file");
  }

  /** Walks the members of an object; `member` has to skip the value, before which the scanner stands. */
  object(member: (key: string, keyOffset: number) => void): void {
    this.expect(OPEN_OBJECT, "expected an object");
    if (this.peek() === CLOSE_OBJECT) {
      this.position++;
      return;
    }
    for (;;) {
      this.peek();
      const keyOffset = this.position;
      const key = this.string("expected a key");
      this.expect(COLON, "expected ':'");
      this.peek();
      member(key, keyOffset);
      const byte = this.peek();
      this.position++;
      if (byte === CLOSE_OBJECT) return;
      if (byte !== COMMA) this.fail("expected ',' or '}'", this.position - 1);
    }
  }

  /** Walks the elements of an array; `element` has to skip the value, before which the scanner stands. */
  array(element: (index: number) => void): void {
    this.expect(OPEN_ARRAY, "expected an array");
    if (this.peek() === CLOSE_ARRAY) {
      this.position++;
      return;
    }
    for (let index = 0; ; index++) {
      this.peek();
      element(index);
      const byte = this.peek();
      this.position++;
      if (byte === CLOSE_ARRAY) return;
      if (byte !== COMMA) this.fail("expected ',' or ']'", this.position - 1);
    }
  }

  /** Reads a string. */
  string(reason = "expected a string"): string {
    this.peek();
    return this.stringHere(reason);
  }

  /** Reads the string that begins just here. */
  stringHere(reason = "expected a string"): string {
    if (this.bytes[this.position] !== QUOTE) this.fail(reason);
    const start = this.position;
    const escaped = this.#skipString("value");
    return escaped
      ? (JSON.parse(this.bytes.toString("utf8", start, this.position)) as string)
      : this.bytes.toString("utf8", start + 1, this.position - 1);
  }

  /** Skips the string that begins just here. */
  skipString(): void {
    if (this.bytes[this.position] !== QUOTE) this.fail("expected a string");
    this.#skipString("value");
  }

  /** Reads the text of a number. */
  numberText(reason = "expected a number"): string {
    const byte = this.peek();
    if (byte !== MINUS && !(byte >= ZERO && byte <= NINE)) this.fail(reason);
    const start = this.position;
    this.#skipNumber("value");
    return this.bytes.toString("latin1", start, this.position);
  }

  /** Reads `true` or `false`. */
  boolean(): boolean {
    const byte = this.peek();
    if (byte !== 0x74 && byte !== 0x66) this.fail("expected true or false");
    this.#skipLiteral();
    return byte === 0x74;
  }

  /** True, and skipped, when a null stands here. */
  takeNull(): boolean {
    if (this.peek() !== 0x6e) return false;
    this.#skipLiteral();
    return true;
  }

  /** Skips any value. @param levels how deep arrays and objects may be nested in it. */
  skip(strictness: Strictness, levels = this.mostLevels): void {
    const containers = this.#containers;
    const base = containers.length;
    try {
      for (;;) {
        if (this.#enterValue(strictness, containers.length - base, levels)) continue;
        if (this.#leaveValues(strictness, base)) return;
      }
    } finally {
      containers.length = base;
    }
  }

  /** Skips a scalar or an empty container, or enters a container: true then, and a value has to follow. */
  #enterValue(strictness: Strictness, depth: number, levels: number): boolean {
    const byte = this.peek();
    switch (byte) {
      case QUOTE:
        this.#skipString(strictness);
        return false;
      case OPEN_OBJECT:
      case OPEN_ARRAY: {
        if (depth >= this.mostLevels) throw new FormatError("nested too deep", this.position, "unsupported");
        if (depth >= levels) this.fail("nested too deep for the original to read");
        this.position++;
        const next = this.peek();
        if (next === (byte === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY)) {
          this.position++;
          return false;
        }
        this.#containers.push(byte);
        if (byte === OPEN_OBJECT) this.#skipKey(strictness);
        return true;
      }
      case 0x74:
      case 0x66:
      case 0x6e:
        this.#skipLiteral();
        return false;
      default:
        if (byte !== MINUS && !(byte >= ZERO && byte <= NINE)) this.fail("expected a value");
        this.#skipNumber(strictness);
        return false;
    }
  }

  /** After a value: closes what closes. True when the whole value is done. */
  #leaveValues(strictness: Strictness, base: number): boolean {
    const containers = this.#containers;
    while (containers.length > base) {
      const inObject = containers[containers.length - 1] === OPEN_OBJECT;
      const byte = this.peek();
      if (byte === COMMA) {
        this.position++;
        if (inObject) this.#skipKey(strictness);
        return false;
      }
      if (byte !== (inObject ? CLOSE_OBJECT : CLOSE_ARRAY))
        this.fail(`expected ',' or '${inObject ? "}" : "]"}'`);
      this.position++;
      containers.pop();
    }
    return true;
  }

  #skipKey(strictness: Strictness): void {
    if (this.peek() !== QUOTE) this.fail("expected a key");
    this.#skipString(strictness);
    this.expect(COLON, "expected ':'");
  }

  /** From the opening quote to behind the closing one; true when there are escapes. */
  #skipString(strictness: Strictness): boolean {
    const { bytes } = this;
    let at = this.position + 1;
    const { length } = bytes;
    let escaped = false;
    for (;;) {
      while (at < length && PLAIN[bytes[at] as number] === 1) at++;
      if (at >= length) this.fail("expected the end of a string", at);
      const byte = bytes[at];
      if (byte === QUOTE) break;
      if (byte !== BACKSLASH) this.fail("control character in a string", at);
      escaped = true;
      at = this.#skipEscape(at, strictness);
    }
    this.position = at + 1;
    return escaped;
  }

  #skipEscape(at: number, strictness: Strictness): number {
    const byte = this.bytes[at + 1];
    switch (byte) {
      case QUOTE:
      case BACKSLASH:
      case 0x2f:
      case 0x62:
      case 0x66:
      case 0x6e:
      case 0x72:
      case 0x74:
        return at + 2;
      case 0x75: {
        const unit = this.#hex4(at + 2);
        if (strictness === "ignored" || unit < 0xd800 || unit >= 0xe000) return at + 6;
        const paired =
          unit < 0xdc00 && this.bytes[at + 6] === BACKSLASH && this.bytes[at + 7] === 0x75
            ? this.#hex4(at + 8)
            : 0;
        if (paired < 0xdc00 || paired >= 0xe000) this.fail("lone surrogate in a string", at);
        return at + 12;
      }
      default:
        return this.fail("invalid escape in a string", at);
    }
  }

  #hex4(at: number): number {
    const text = this.bytes.toString("latin1", at, at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(text)) this.fail("invalid \\u escape in a string", at - 2);
    return Number.parseInt(text, 16);
  }

  #skipNumber(strictness: Strictness): void {
    const start = this.position;
    const end = numberEnd(this, start);
    this.position = end;
    if (strictness === "ignored" || isCertainlyExact(this.bytes, start, end)) return;
    const text = this.bytes.toString("latin1", start, end);
    if (!Number.isFinite(Number(text))) this.fail("number out of range", start);
    if (!isExactNumber(text)) this.sawInexact = true;
  }

  #skipLiteral(): void {
    for (const literal of ["true", "false", "null"]) {
      if (this.bytes.toString("latin1", this.position, this.position + literal.length) === literal) {
        this.position += literal.length;
        return;
      }
    }
    this.fail("expected a value");
  }
}
