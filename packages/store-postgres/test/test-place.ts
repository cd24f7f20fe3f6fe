import type { SessionStore } from "@thulp-sessions/core";
import { onTestFinished } from "vitest";
import { openPostgresStore, type PostgresStoreOptions } from "../src/index.ts";
import { newPlace, type Place } from "./place.ts";

/** A schema of its own for one test, gone after it. */
export function testPlace(): Place {
  const place = newPlace();
  onTestFinished(place.dispose);
  return place;
}

/** A store, closed after the test. */
export async function openAt(
  url: string,
  options: Omit<PostgresStoreOptions, "url"> = {},
): Promise<SessionStore> {
  const store = await openPostgresStore({ url, ...options });
  onTestFinished(() => store.close());
  return store;
}

/** What the store warns of, but for what is said of every test: the server of the tests does not sync. */
export function withoutSyncWarning(warnings: readonly string[]): string[] {
  return warnings.filter((message) => !message.includes("fsync is off"));
}
