import stringWidth from "string-width";

// Controls of the terminal, and what turns the direction of writing: a name must not move the cursor or
// disguise itself.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to take out.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/**
 * What was stored, made safe for a terminal: control characters are shown, not obeyed. Line ends and tabs
 * stay.
 */
export function safe(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(CONTROLS, (control) => {
    const code = control.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? "\u2421" : "\ufffd";
  });
}

/** The same in one line. */
export function oneLine(text: string): string {
  return safe(text).replace(/\s+/g, " ").trim();
}

/** In columns of a terminal. */
export function width(text: string): number {
  return stringWidth(text);
}

const characters = new Intl.Segmenter();

/** So much of a line without colours as fits, with an ellipsis where something is cut off. */
export function truncate(text: string, columns: number): string {
  if (columns <= 0) return "";
  // What takes no more units than columns may be wider; what a person calls one character may be many units.
  if (text.length <= columns / 2 || width(text) <= columns) return text;
  let cut = "";
  let left = columns - 1;
  for (const { segment } of characters.segment(text)) {
    left -= width(segment);
    if (left < 0) break;
    cut += segment;
  }
  return `${cut.trimEnd()}…`;
}

export function padEnd(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - width(text)));
}

export function padStart(text: string, columns: number): string {
  return " ".repeat(Math.max(0, columns - width(text))) + text;
}

/** `1 session`, `2 sessions`, `10,000 entries`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}
