// What stays in this browser, as text.

/** `null` where there is none, and where the browser keeps nothing for this page. */
export function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** @param text `null` for none. */
export function store(key: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
  } catch {
    // Then it is forgotten with the page.
  }
}
