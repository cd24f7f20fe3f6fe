import { effect, type Signal, signal } from "@preact/signals";
import { store, stored } from "../browser-storage.ts";

// What a person has chosen; it stays in this browser and is nobody's business.

export const THEMES = ["system", "light", "dark"] as const;
export const TIME_ZONES = ["local", "utc"] as const;
export const DENSITIES = ["comfortable", "compact"] as const;

/** theme.js reads the same key before anything is drawn. */
export const theme = preference("thulp-theme", THEMES);
export const timeZone = preference("thulp-time-zone", TIME_ZONES);
export const density = preference("thulp-density", DENSITIES);

/** Shows what is chosen; to be called once. */
export function applyPreferences(): void {
  effect(() => {
    const { dataset } = document.documentElement;
    if (theme.value === "system") delete dataset["theme"];
    else dataset["theme"] = theme.value;
    dataset["density"] = density.value;
  });
}

/** Another tab's choice counts here too. */
function preference<const T extends string>(key: string, words: readonly [T, ...T[]]): Signal<T> {
  const read = (text: string | null): T => words.find((word) => word === text) ?? words[0];
  const chosen = signal<T>(read(stored(key)));
  effect(() => {
    if (chosen.value === read(stored(key))) return;
    store(key, chosen.value);
  });
  addEventListener("storage", (event) => {
    if (event.key === key) chosen.value = read(event.newValue);
  });
  return chosen;
}
