import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { SessionError } from "@thulp-sessions/core";
import { decodeUtf8 } from "./utf8.ts";

/** What is longer is no configuration. */
const MOST_BYTES = 1024 * 1024;

/**
 * The text of a file of a person's; `null` where there is none. It may have come with a cloned repository: a
 * pipe of that name must not hold up the program.
 *
 * @throws {SessionError} io
 */
export function readSmallFile(path: string): string | null {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new Error("it is no regular file");
    if (stat.size > MOST_BYTES) throw new Error(`it is longer than ${MOST_BYTES} bytes`);
    return decodeUtf8(readFileSync(descriptor));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw new SessionError("io", `${path}: it cannot be read: ${(error as Error).message}.`, {
      cause: error,
      details: { path },
    });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
