import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** The styles of {@link Colors} as a terminal gets them, for `split`. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: ours begin with ESC, and nothing else passes.
export const STYLES = /(\u001b\[(?:1|2|22|3[1-6]|39)m)/;

/** Colours where they are wanted; the text as it is elsewhere. */
export class Colors {
  readonly enabled: boolean;

  constructor(enabled: boolean) {
    this.enabled = enabled;
  }

  /** The same without colours. */
  get off(): Colors {
    return new Colors(false);
  }

  bold = (text: string): string => this.#paint("bold", text);
  dim = (text: string): string => this.#paint("dim", text);
  red = (text: string): string => this.#paint("red", text);
  green = (text: string): string => this.#paint("green", text);
  yellow = (text: string): string => this.#paint("yellow", text);
  blue = (text: string): string => this.#paint("blue", text);
  cyan = (text: string): string => this.#paint("cyan", text);
  magenta = (text: string): string => this.#paint("magenta", text);
  /** What was searched for. */
  match = (text: string): string => this.#paint(["bold", "yellow"], text);

  #paint(style: Style, text: string): string {
    if (!this.enabled || text === "") return text;
    // Whether colours are wanted was decided before; where styleText looks for itself it must not decide
    // again.
    const paint = styleText as (style: Style, text: string, options: { validateStream: boolean }) => string;
    return paint(style, text, { validateStream: false });
  }
}
