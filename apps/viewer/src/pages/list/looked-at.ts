import { store, stored } from "../../browser-storage.ts";

const KEY = "thulp-looked-at";

/** Until when the list was looked at before this page was opened; 0 for never. */
export const lookedAt = Number(stored(KEY) ?? 0) || 0;

/** The newest change that has been on the screen: what comes later is new the next time. */
export function look(time: number): void {
  if (time > (Number(stored(KEY) ?? 0) || 0)) store(KEY, String(time));
}
