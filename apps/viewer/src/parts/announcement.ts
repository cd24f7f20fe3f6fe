import { signal } from "@preact/signals";

/** What was said last, for the eyes and for a screen reader. */
export const announcement = signal("");

const SHOWN_MS = 4000;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Says something in passing. */
export function say(text: string): void {
  announcement.value = text;
  clearTimeout(timer);
  timer = setTimeout(() => {
    announcement.value = "";
  }, SHOWN_MS);
}
