import { randomInt } from "node:crypto";
import type { EntryId } from "@thulp-sessions/core";

/** Entries for which there is room at first; more is made by halves. */
const FIRST_CAPACITY = 16;

/** Ids are chosen by callers: without it somebody could choose such that all fall into one slot. */
const SEED = randomInt(2 ** 32);

const HYPHENS = [8, 13, 18, 23];
const NIBBLES = new Int8Array(128).fill(-1);
for (let value = 0; value < 16; value++) NIBBLES["0123456789abcdef".charCodeAt(value)] = value;

/**
 * Where the entries of a file stand and which id each has: some fifty bytes for each, whatever is in it. Ids are held as
 * the 16 bytes they are and found by hashing, with open addressing; a file may hold an id more than once.
 */
export class EntryIndex {
  #count = 0;
  /** Start and end by turns. */
  #places = new Float64Array(FIRST_CAPACITY * 2);
  /** Four words for each. */
  #ids = new Uint32Array(FIRST_CAPACITY * 4);
  #inexact = new Uint8Array(FIRST_CAPACITY);
  #inexactCount = 0;
  /** `seq` + 1, or 0 where nothing stands. At least as many again are free. */
  #slots = new Uint32Array(FIRST_CAPACITY * 2);
  readonly #words = new Uint32Array(4);

  get count(): number {
    return this.#count;
  }

  /** How much memory it takes. */
  get byteLength(): number {
    return this.#places.byteLength + this.#ids.byteLength + this.#inexact.byteLength + this.#slots.byteLength;
  }

  /** @param start and end in bytes from the start of the file. */
  add(id: EntryId, start: number, end: number, inexact: boolean): void {
    if (this.#count === this.#inexact.length) this.#grow();
    const seq = this.#count++;
    this.#places[seq * 2] = start;
    this.#places[seq * 2 + 1] = end;
    wordsOf(id, this.#words);
    this.#ids.set(this.#words, seq * 4);
    if (inexact) {
      this.#inexact[seq] = 1;
      this.#inexactCount++;
    }
    this.#enter(seq);
  }

  startOf(seq: number): number {
    return this.#places[seq * 2] as number;
  }

  endOf(seq: number): number {
    return this.#places[seq * 2 + 1] as number;
  }

  /** Does it hold a number that JavaScript can only round? */
  isInexact(seq: number): boolean {
    return this.#inexact[seq] === 1;
  }

  get hasInexact(): boolean {
    return this.#inexactCount > 0;
  }

  /** The entries with this id, in their order: none as a rule. */
  find(id: EntryId): number[] {
    const words = this.#words;
    wordsOf(id, words);
    const found: number[] = [];
    const mask = this.#slots.length - 1;
    for (let slot = hash(words, 0) & mask; ; slot = (slot + 1) & mask) {
      const seq = (this.#slots[slot] as number) - 1;
      if (seq < 0) return found;
      if (this.#hasWords(seq, words)) found.push(seq);
    }
  }

  #hasWords(seq: number, words: Uint32Array): boolean {
    const at = seq * 4;
    const ids = this.#ids;
    return (
      ids[at] === words[0] && ids[at + 1] === words[1] && ids[at + 2] === words[2] && ids[at + 3] === words[3]
    );
  }

  /** Entries of one id stand in the order in which they were entered. */
  #enter(seq: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash(this.#ids, seq * 4) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = seq + 1;
  }

  #grow(): void {
    const capacity = Math.ceil(this.#count * 1.5);
    this.#places = grown(new Float64Array(capacity * 2), this.#places);
    this.#ids = grown(new Uint32Array(capacity * 4), this.#ids);
    this.#inexact = grown(new Uint8Array(capacity), this.#inexact);
    if (capacity * 1.5 <= this.#slots.length) return;
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(capacity * 1.5)));
    for (let seq = 0; seq < this.#count; seq++) this.#enter(seq);
  }
}

function grown<T extends Float64Array | Uint32Array | Uint8Array>(larger: T, before: T): T {
  larger.set(before);
  return larger;
}

/** The 16 bytes of a canonical UUID. */
function wordsOf(id: string, words: Uint32Array): void {
  let word = 0;
  let digits = 0;
  for (let at = 0; at < 36; at++) {
    const nibble = NIBBLES[id.charCodeAt(at)] as number;
    if (nibble < 0) {
      if (HYPHENS.includes(at)) continue;
      throw new TypeError(`${id} is not a canonical UUID.`);
    }
    word = (word << 4) | nibble;
    if ((++digits & 7) === 0) words[(digits >> 3) - 1] = word;
  }
}

function hash(words: Uint32Array, at: number): number {
  let mixed = SEED;
  for (let i = at; i < at + 4; i++) {
    mixed = Math.imul(mixed ^ (words[i] as number), 0x9e3779b1);
    mixed ^= mixed >>> 15;
  }
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0x85ebca6b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
