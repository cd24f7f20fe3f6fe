import { isSessionError } from "../model/errors.ts";

/** What a call about one session gives, and undefined where the store has none of its id. */
export async function ifFound<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isSessionError(error, "not_found")) return undefined;
    throw error;
  }
}
