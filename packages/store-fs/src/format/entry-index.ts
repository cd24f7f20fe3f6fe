import { randomInt } from "node:crypto";
import type { EntryId, EntryTypeName } from "@thulp-sessions/core";
import { countEntries, type EntryCounts } from "@thulp-sessions/core/store";

/**
 * Entries in one block. All blocks but the first are made at their full length: growing leaves no old copies
 * behind, which V8 would let lie around for long, since they are outside of its heap.
 */
const BLOCK_BITS = 10;
const BLOCK_ENTRIES = 1 << BLOCK_BITS;
/** Entries for which there is room at first; the first block doubles until it is as long as the others. */
const FIRST_ENTRIES = 16;

/** Four words of id, the low words of start and length, and what is left of these. */
const WORDS = 7;
const START = 4;
const LENGTH = 5;
/**
 * The high bits of start (as many as a safe integer has) and of length, the kind, whether the entry is
 * inexact.
 */
const HIGH = 6;
const START_SHIFT = 11;
const LENGTH_SHIFT = 3;
const LENGTH_MASK = 0xff;
const KIND_SHIFT = 1;
const KIND_MASK = 3;
const INEXACT = 1;

/** What the counts of a session depend on; the first stands for every other type. */
const KINDS = [
  { entryType: { type: "system_message" } },
  { entryType: { type: "user_message" } },
  { entryType: { type: "assistant_message" } },
] as const;

/** Ids are chosen by callers: without it somebody could choose such that all fall into one slot. */
const SEED = randomInt(2 ** 32);

const HYPHENS = [8, 13, 18, 23];
const NIBBLES = new Int8Array(128).fill(-1);
for (let value = 0; value < 16; value++) NIBBLES["0123456789abcdef".charCodeAt(value)] = value;

/**
 * Where the entries of a file stand, which id each has and how they count: 28 bytes for each, whatever is in
 * it, and from the first search for an id on six to twelve more. Places are relative to where the entries
 * begin, so that a new header before them changes nothing here. Ids are held as the 16 bytes they are and
 * found by hashing, with open addressing; a file may hold an id more than once.
 */
export class EntryIndex {
  #count = 0;
  readonly #blocks: Uint32Array[] = [];
  #blockBytes = 0;
  /** `seq` + 1, or 0 where nothing stands. At least half as many again are free. Readers need none. */
  #slots: Uint32Array | undefined;
  readonly #words = new Uint32Array(4);

  get count(): number {
    return this.#count;
  }

  /** How much memory it takes. */
  get byteLength(): number {
    return this.#blockBytes + (this.#slots?.byteLength ?? 0);
  }

  /** @param start and end in bytes from where the entries begin. */
  add(id: EntryId, type: EntryTypeName, start: number, end: number, inexact: boolean): void {
    const seq = this.#count;
    const block = this.#blockFor(seq);
    const at = (seq & (BLOCK_ENTRIES - 1)) * WORDS;
    wordsOf(id, block, at);
    const length = end - start;
    block[at + START] = start;
    block[at + LENGTH] = length;
    block[at + HIGH] =
      (Math.floor(start / 2 ** 32) << START_SHIFT) |
      (Math.floor(length / 2 ** 32) << LENGTH_SHIFT) |
      (kindOf(type) << KIND_SHIFT) |
      (inexact ? INEXACT : 0);
    this.#count = seq + 1;
    if (!this.#slots) return;
    if (this.#count * 1.5 <= this.#slots.length) this.#enter(this.#slots, seq);
    else this.#slots = this.#enterAll();
  }

  startOf(seq: number): number {
    const block = this.#blocks[seq >>> BLOCK_BITS] as Uint32Array;
    return startAt(block, (seq & (BLOCK_ENTRIES - 1)) * WORDS);
  }

  endOf(seq: number): number {
    const block = this.#blocks[seq >>> BLOCK_BITS] as Uint32Array;
    const at = (seq & (BLOCK_ENTRIES - 1)) * WORDS;
    const high = ((block[at + HIGH] as number) >>> LENGTH_SHIFT) & LENGTH_MASK;
    return startAt(block, at) + (block[at + LENGTH] as number) + high * 2 ** 32;
  }

  /** Does it hold a number that JavaScript can only round? */
  isInexact(seq: number): boolean {
    const block = this.#blocks[seq >>> BLOCK_BITS] as Uint32Array;
    return ((block[(seq & (BLOCK_ENTRIES - 1)) * WORDS + HIGH] as number) & INEXACT) !== 0;
  }

  /** Where the last entry ends, 0 where there is none. */
  get end(): number {
    return this.#count === 0 ? 0 : this.endOf(this.#count - 1);
  }

  /** The counts of the first entries, of all when absent, as core's `countEntries` gives them. */
  counts(before = this.#count): EntryCounts {
    return countEntries(this.#kinds(before));
  }

  *#kinds(before: number): Generator<(typeof KINDS)[number]> {
    for (let seq = 0; seq < before; seq++) {
      const block = this.#blocks[seq >>> BLOCK_BITS] as Uint32Array;
      const high = block[(seq & (BLOCK_ENTRIES - 1)) * WORDS + HIGH] as number;
      yield KINDS[(high >>> KIND_SHIFT) & KIND_MASK] as (typeof KINDS)[number];
    }
  }

  /** The id of the last entry, an empty text where there is none. */
  lastId(): string {
    if (this.#count === 0) return "";
    const seq = this.#count - 1;
    const block = this.#blocks[seq >>> BLOCK_BITS] as Uint32Array;
    const at = (seq & (BLOCK_ENTRIES - 1)) * WORDS;
    const digits = [...block.subarray(at, at + 4)].map((word) => word.toString(16).padStart(8, "0")).join("");
    return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  /** Forgets all entries from this one on. */
  truncate(count: number): void {
    if (count >= this.#count) return;
    this.#leave(count);
    this.#count = count;
    const blocks = (count + BLOCK_ENTRIES - 1) >>> BLOCK_BITS;
    for (const block of this.#blocks.splice(blocks)) this.#blockBytes -= block.byteLength;
  }

  /**
   * Frees the slots of the entries from this one on, the last first: each was entered behind all that stand
   * before it, so nothing is looked for beyond its slot. Of many entries the slots are made again when an id
   * is next looked for.
   */
  #leave(count: number): void {
    const slots = this.#slots;
    if (!slots) return;
    if (this.#count - count > count / 2) {
      this.#slots = undefined;
      return;
    }
    const mask = slots.length - 1;
    for (let seq = this.#count - 1; seq >= count; seq--) {
      const block = this.#blocks[seq >>> BLOCK_BITS] as Uint32Array;
      let slot = hash(block, (seq & (BLOCK_ENTRIES - 1)) * WORDS) & mask;
      while (slots[slot] !== seq + 1) slot = (slot + 1) & mask;
      slots[slot] = 0;
    }
  }

  /** The entries with this id, in their order: none as a rule. */
  find(id: EntryId): number[] {
    this.#slots ??= this.#enterAll();
    const slots = this.#slots;
    const words = this.#words;
    wordsOf(id, words, 0);
    const found: number[] = [];
    const mask = slots.length - 1;
    for (let slot = hash(words, 0) & mask; ; slot = (slot + 1) & mask) {
      const seq = (slots[slot] as number) - 1;
      if (seq < 0) return found;
      if (this.#hasWords(seq, words)) found.push(seq);
    }
  }

  #hasWords(seq: number, words: Uint32Array): boolean {
    const block = this.#blocks[seq >>> BLOCK_BITS] as Uint32Array;
    const at = (seq & (BLOCK_ENTRIES - 1)) * WORDS;
    return (
      block[at] === words[0] &&
      block[at + 1] === words[1] &&
      block[at + 2] === words[2] &&
      block[at + 3] === words[3]
    );
  }

  /** Entries of one id stand in the order in which they were entered. */
  #enter(slots: Uint32Array, seq: number): void {
    const mask = slots.length - 1;
    const block = this.#blocks[seq >>> BLOCK_BITS] as Uint32Array;
    let slot = hash(block, (seq & (BLOCK_ENTRIES - 1)) * WORDS) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = seq + 1;
  }

  #enterAll(): Uint32Array {
    const most = Math.max(FIRST_ENTRIES, this.#count) * 1.5;
    const slots = new Uint32Array(2 ** Math.ceil(Math.log2(most)));
    for (let seq = 0; seq < this.#count; seq++) this.#enter(slots, seq);
    return slots;
  }

  #blockFor(seq: number): Uint32Array {
    const place = seq >>> BLOCK_BITS;
    const block = this.#blocks[place];
    const at = (seq & (BLOCK_ENTRIES - 1)) * WORDS;
    if (block && at < block.length) return block;
    const entries = place > 0 ? BLOCK_ENTRIES : Math.max(FIRST_ENTRIES, seq * 2);
    const larger = new Uint32Array(entries * WORDS);
    if (block) larger.set(block);
    this.#blocks[place] = larger;
    this.#blockBytes += larger.byteLength - (block?.byteLength ?? 0);
    return larger;
  }
}

function kindOf(type: EntryTypeName): number {
  return type === "user_message" ? 1 : type === "assistant_message" ? 2 : 0;
}

function startAt(block: Uint32Array, at: number): number {
  return (block[at + START] as number) + ((block[at + HIGH] as number) >>> START_SHIFT) * 2 ** 32;
}

/** The 16 bytes of a canonical UUID. */
function wordsOf(id: string, words: Uint32Array, place: number): void {
  let word = 0;
  let digits = 0;
  for (let at = 0; at < 36; at++) {
    const nibble = NIBBLES[id.charCodeAt(at)] as number;
    if (nibble < 0) {
      if (HYPHENS.includes(at)) continue;
      throw new TypeError(`${id} is not a canonical UUID.`);
    }
    word = (word << 4) | nibble;
    if ((++digits & 7) === 0) words[place + (digits >> 3) - 1] = word;
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
