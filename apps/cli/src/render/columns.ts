import { eastAsianWidth } from "get-east-asian-width";

// How wide a text is on a terminal, found in one walk: `Intl.Segmenter` takes time in proportion to the
// square of a long text.

/** What a code point does to the sign that it stands in. */
const NARROW = 1;
const WIDE = 2;
/** Stands over the sign before it. */
const MARK = 3;
/** Belongs to the sign before it, and takes a column of its own. */
const SPACING_MARK = 4;
const PICTOGRAPH = 5;
/** Half of a flag. */
const REGIONAL = 6;
/** The colour of a skin. */
const MODIFIER = 7;
/** The later parts of a Korean syllable that is written in parts. */
const JAMO = 8;
const JOINER = 9;

const ZWJ = 0x200d;
const EMOJI_STYLE = 0xfe0f;
/** More parts are joined to one emoji by nobody, and a terminal would show them side by side. */
const MAX_JOINED = 4;
const TAB = 0x09;
/** A terminal goes on at the next multiple of eight. */
const TAB_COLUMNS = 8;

/** Of each code point of the first two planes, once it was asked for. */
const kinds = new Uint8Array(0x20000);

function kindOf(code: number): number {
  if ((code >= 0x20 && code < 0x7f) || code === TAB) return NARROW;
  if (code >= kinds.length) return code < 0xe0000 ? WIDE : MARK;
  let kind = kinds[code] as number;
  if (kind === 0) {
    kind = look(code);
    kinds[code] = kind;
  }
  return kind;
}

function look(code: number): number {
  const character = String.fromCodePoint(code);
  if (code === ZWJ) return JOINER;
  if (code >= 0x1f1e6 && code <= 0x1f1ff) return REGIONAL;
  if (code >= 0x1f3fb && code <= 0x1f3ff) return MODIFIER;
  if ((code >= 0x1160 && code <= 0x11ff) || (code >= 0xd7b0 && code <= 0xd7ff)) return JAMO;
  if (/\p{Mc}/u.test(character)) return SPACING_MARK;
  if (/[\p{Mn}\p{Me}\p{Cc}\p{Cf}\p{DI}]/u.test(character)) return MARK;
  if (/\p{Extended_Pictographic}/u.test(character)) return PICTOGRAPH;
  return eastAsianWidth(code) === 2 ? WIDE : NARROW;
}

/**
 * Walks along a text from one sign that a person would not part to the next: a letter with its marks, an
 * emoji of several parts, a flag.
 */
export class Columns {
  /** Where the sign ends that `next` has gone over. */
  end: number;
  /** How many columns it takes. */
  width = 0;
  readonly #text: string;

  constructor(text: string, start = 0) {
    this.#text = text;
    this.end = start;
  }

  /** Goes over one more sign; false at the end of the text. */
  next(): boolean {
    const text = this.#text;
    const unit = text.charCodeAt(this.end);
    // Most of most texts: plain ASCII, with nothing behind it that could belong to it.
    if (unit >= 0x20 && unit < 0x7f && !(text.charCodeAt(this.end + 1) >= 0x7f)) {
      this.end++;
      this.width = 1;
      return true;
    }
    let code = text.codePointAt(this.end);
    if (code === undefined) return false;
    const base = kindOf(code);
    const first = code;
    let columns = firstColumns(base, code);
    let end = this.end + (code > 0xffff ? 2 : 1);
    let before = base;
    let joined = 0;
    for (;;) {
      code = text.codePointAt(end);
      if (code === undefined) break;
      const kind = kindOf(code);
      if (kind === SPACING_MARK) columns++;
      else if (kind === PICTOGRAPH && before === JOINER && base === PICTOGRAPH && joined < MAX_JOINED)
        joined++;
      else if (kind === REGIONAL && base === REGIONAL && before === REGIONAL && columns === 1) columns = 2;
      else if (kind === MODIFIER && before === PICTOGRAPH) columns = 2;
      else if (kind === MARK || kind === JOINER || (kind === JAMO && isSyllable(first, before))) {
        if (code === EMOJI_STYLE && (base === PICTOGRAPH || base === NARROW)) columns = 2;
      } else break;
      before = code === EMOJI_STYLE ? before : kind;
      end += code > 0xffff ? 2 : 1;
    }
    this.end = end;
    this.width = columns;
    return true;
  }
}

function firstColumns(kind: number, code: number): number {
  if (code === TAB) return TAB_COLUMNS;
  if (kind === PICTOGRAPH) return eastAsianWidth(code);
  if (kind === WIDE || kind === MODIFIER) return 2;
  return kind === MARK || kind === JOINER ? 0 : 1;
}

function isSyllable(first: number, before: number): boolean {
  return (first >= 0x1100 && first <= 0x115f) || before === JAMO;
}

/** In columns of a terminal. @param most more are not counted. */
export function width(text: string, most = Number.POSITIVE_INFINITY): number {
  const columns = new Columns(text);
  let sum = 0;
  while (sum <= most && columns.next()) sum += columns.width;
  return sum;
}

/** So much of a line without colours as fits, with an ellipsis where something is cut off. */
export function truncate(text: string, most: number): string {
  if (most <= 0) return "";
  const columns = new Columns(text);
  let sum = 0;
  let cut = 0;
  while (columns.next()) {
    sum += columns.width;
    if (sum > most) return `${text.slice(0, cut).trimEnd()}…`;
    if (sum < most) cut = columns.end;
  }
  return text;
}

/** Lines that fit, parted between words where it can be. */
export function wrap(text: string, most: number): string[] {
  const lines: string[] = [];
  const columns = new Columns(text);
  let start = 0;
  let sum = 0;
  /** Behind the last space of the line, and how wide it is up to there. */
  let word = 0;
  let beforeWord = 0;
  for (let at = 0; columns.next(); at = columns.end) {
    const isSpace = text[at] === " " || text[at] === "\t";
    // A space at the end of a line needs no room.
    while (!isSpace && sum > 0 && sum + columns.width > most) {
      const cut = word > start ? word : at;
      lines.push(text.slice(start, cut).trimEnd());
      sum -= word > start ? beforeWord : sum;
      start = cut;
      word = cut;
      beforeWord = 0;
    }
    sum += columns.width;
    if (!isSpace) continue;
    word = columns.end;
    beforeWord = sum;
  }
  lines.push(text.slice(start));
  return lines;
}
