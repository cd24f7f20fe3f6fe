import type { SessionStore } from "@thulp-sessions/core";

/** A store with one mistake, and the cases that have to find it. */
export interface PlantedBug {
  readonly name: string;
  /** Cases that go red; others may too. */
  readonly red: readonly string[];
  /** A new handle on a place of its own, as MemoryStore is one. */
  open(): SessionStore;
  /** A handle that may only read. */
  openReadOnly?(): SessionStore;
}

export function plantedBug(name: string, red: readonly string[], Store: new () => SessionStore): PlantedBug {
  return { name, red, open: () => new Store() };
}

/** Lets other calls run in between, as a store that waits for a disk would. */
export function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** What a store throws that lets the errors of its medium through. */
export class ForeignError extends Error {}
