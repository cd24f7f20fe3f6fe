import { say } from "./announcement.ts";

/** Puts a text where it can be pasted from, and says so. */
export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} copied`);
  } catch {
    // Without a secure context, or when the person has forbidden it.
    say(`The browser does not let the page copy: ${text.slice(0, 200)}`);
  }
}
