import { Option } from "@commander-js/extra-typings";
import type { Context } from "../command/context.ts";
import { plural } from "../render/text.ts";

export const repairOption = new Option(
  "--repair-text",
  "put U+FFFD in the place of half characters and of what is not UTF-8, and say how many there were",
);

/** What half of a surrogate pair and bytes that are not UTF-8 become, on request. */
const REPLACEMENT = "\ufffd";

/** Escapes of a JSON text; a whole pair is one of them, so that what is left of `\ud…` is a half. */
const ESCAPES =
  /\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[dD][89a-fA-F][0-9a-fA-F]{2}|[\s\S])/g;
const HALF = /^\\u[dD][89a-fA-F][0-9a-fA-F]{2}$/;

/** Repairs texts, and counts what it has changed: nothing is changed without being said. */
export class TextRepair {
  /** How many characters were replaced. */
  count = 0;
  /** Where the first one was. */
  firstPlace: string | undefined;

  /** JSON without halves of surrogate pairs, which no store takes. */
  json(text: string, place: string): string {
    return text.replace(ESCAPES, (found) => {
      if (!HALF.test(found)) return found;
      this.#note(1, place);
      return REPLACEMENT;
    });
  }

  /** Bytes that are not UTF-8, as text. */
  decode(bytes: Uint8Array, place: string): string {
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    // Those that stand there themselves are no repair.
    const meant = Buffer.from(bytes).toString("latin1").split("\u00ef\u00bf\u00bd").length - 1;
    this.#note(text.split(REPLACEMENT).length - 1 - meant, place);
    return text;
  }

  #note(count: number, place: string): void {
    if (count === 0) return;
    this.count += count;
    this.firstPlace ??= place;
  }
}

/** Says what was changed, if anything was. */
export function sayRepairs(context: Context, repair: TextRepair | undefined): void {
  if (!repair || repair.count === 0) return;
  context.warn(`${plural(repair.count, "character")} replaced by U+FFFD, the first in ${repair.firstPlace}.`);
}
