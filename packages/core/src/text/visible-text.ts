// What a person sees of a text that somebody else has written, without what a terminal would obey or hide.

/**
 * Controls of the terminal, and what takes no room (`DI`, default ignorable): it turns the direction of
 * writing, hides in a name, or carries a text that nobody sees. Line ends and tabs are none of them.
 */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to show.
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2800\ufff9-\ufffb\p{Cs}\p{Zl}\p{Zp}\p{DI}]+/gu;

/** The flags of England, Scotland and Wales: the only use of tag characters that anybody knows. */
const TAG_FLAG =
  /(?<=\u{1f3f4})\u{e0067}\u{e0062}(?:\u{e0065}\u{e006e}\u{e0067}|\u{e0073}\u{e0063}\u{e0074}|\u{e0077}\u{e006c}\u{e0073})\u{e007f}/uy;

const PICTOGRAPH = /[\p{Extended_Pictographic}\p{Emoji_Modifier}]/u;
/** Scripts in which a joiner or a non-joiner changes how the letters beside it look. */
const JOINING =
  /[\p{scx=Arab}\p{scx=Syrc}\p{scx=Nkoo}\p{scx=Mong}\p{scx=Deva}\p{scx=Beng}\p{scx=Guru}\p{scx=Gujr}\p{scx=Orya}\p{scx=Taml}\p{scx=Telu}\p{scx=Knda}\p{scx=Mlym}\p{scx=Sinh}\p{scx=Khmr}\p{scx=Mymr}]/u;

/** What is not all of these has to be looked at. */
const PLAIN = /^[\t\n\u0020-\u007e]*$/;

/** More marks on one letter are found in no writing, but fill the lines above and below. */
const MAX_MARKS = 8;
const TOO_MANY_MARKS = new RegExp(`(\\p{M}{${MAX_MARKS}})(\\p{M}+)`, "gu");
/** Of what is hidden in one place, so much is shown one by one. */
const MAX_SHOWN = 8;

const ZWNJ = 0x200c;
const ZWJ = 0x200d;
const TEXT_STYLE = 0xfe0e;
const EMOJI_STYLE = 0xfe0f;
const KEYCAP = "\u20e3";

/**
 * A text safe for a terminal, a log and a page: control characters, signs of direction, zero-width and tag
 * characters are shown instead of obeyed (`␛`, `<U+200B>`), and marks that pile up are bounded. Line ends and
 * tabs stay; so do the joiners of emoji and of the scripts that need them. Doing it again changes nothing.
 * Takes time in proportion to the text.
 */
export function visibleText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text
    .replaceAll("\r\n", "\n")
    .replace(HIDDEN, (run, at: number, whole: string) => showRun(run, at, whole, signs, MAX_SHOWN))
    .replace(TOO_MANY_MARKS, (_, first: string, more: string) => `${first}<${[...more].length} more marks>`);
}

/**
 * JSON that means the same and is safe for a terminal: what {@link visibleText} shows stands there as
 * `\uXXXX`.
 */
export function visibleJson(json: string): string {
  if (PLAIN.test(json)) return json;
  return json.replace(HIDDEN, (run, at: number, whole: string) =>
    showRun(run, at, whole, escapes, Number.POSITIVE_INFINITY),
  );
}

/** What stands for a run of hidden characters; those that belong where they are stay. */
function showRun(run: string, at: number, whole: string, replacements: Replacements, most: number): string {
  TAG_FLAG.lastIndex = at;
  const flag = TAG_FLAG.exec(whole)?.[0] ?? "";
  let shown = flag;
  let count = 0;
  for (let i = flag.length; i < run.length; ) {
    const code = run.codePointAt(i) as number;
    const next = i + (code > 0xffff ? 2 : 1);
    if (belongs(code, whole, at + i, at + next)) shown += run.slice(i, next);
    else if (count++ < most) shown += replacements.of(code);
    i = next;
  }
  return count > most ? `${shown}<${count - most} more hidden characters>` : shown;
}

/** Does the character from `at` to `end` make one sign of what stands beside it? */
function belongs(code: number, whole: string, at: number, end: number): boolean {
  if (code === ZWJ || code === ZWNJ) {
    // The style of an emoji stands between it and the joiner.
    const styled = code === ZWJ && whole.charCodeAt(at - 1) === EMOJI_STYLE;
    const before = characterBefore(whole, styled ? at - 1 : at);
    const after = characterFrom(whole, end);
    if (code === ZWJ && PICTOGRAPH.test(before) && PICTOGRAPH.test(after)) return true;
    return JOINING.test(before) && JOINING.test(after);
  }
  if (code !== TEXT_STYLE && code !== EMOJI_STYLE) return false;
  const before = characterBefore(whole, at);
  return PICTOGRAPH.test(before) || (/[0-9#*]/.test(before) && whole[end] === KEYCAP);
}

function characterBefore(text: string, at: number): string {
  const low = text.charCodeAt(at - 1);
  return text.slice(low >= 0xdc00 && low <= 0xdfff ? Math.max(0, at - 2) : Math.max(0, at - 1), at);
}

function characterFrom(text: string, at: number): string {
  const code = text.codePointAt(at);
  return code === undefined ? "" : String.fromCodePoint(code);
}

/** What stands for a character, made once for each: a text may hold a million of them. */
class Replacements {
  readonly #make: (code: number) => string;
  readonly #made = new Map<number, string>();

  constructor(make: (code: number) => string) {
    this.#make = make;
  }

  of(code: number): string {
    let made = this.#made.get(code);
    if (made === undefined) {
      made = this.#make(code);
      this.#made.set(code, made);
    }
    return made;
  }
}

const signs = new Replacements(sign);
const escapes = new Replacements(jsonEscape);

function sign(code: number): string {
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
}

function jsonEscape(code: number): string {
  const units = String.fromCodePoint(code);
  let text = "";
  for (let i = 0; i < units.length; i++) text += `\\u${units.charCodeAt(i).toString(16).padStart(4, "0")}`;
  return text;
}
