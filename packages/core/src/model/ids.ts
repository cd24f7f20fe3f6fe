import { v7 } from "uuid";
import { z } from "zod";
import { invalidInput } from "./errors.ts";

/** A UUID in lower case with hyphens that names a session. */
export type SessionId = string & z.$brand<"SessionId">;

/** A UUID in lower case with hyphens that names an entry within its session. */
export type EntryId = string & z.$brand<"EntryId">;

// Any version and variant: files of the original also hold nil and hand-made ids.
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True for the canonical form of a UUID: lower case, with hyphens. */
export function isCanonicalUuid(text: string): boolean {
  return text.length === 36 && UUID.test(text);
}

const canonicalUuid = z
  .string()
  .max(36, { error: "is not a UUID" })
  .transform((text) => text.toLowerCase())
  .refine(isCanonicalUuid, { error: "is not a UUID (8-4-4-4-12 hexadecimal digits)" });

/** The zod schema of a session id: takes a UUID with hyphens in any case, and gives its canonical form. */
export const sessionIdSchema = canonicalUuid.transform((text) => text as SessionId);

/** The zod schema of an entry id: takes a UUID with hyphens in any case, and gives its canonical form. */
export const entryIdSchema = canonicalUuid.transform((text) => text as EntryId);

/**
 * The canonical session id of a UUID with hyphens in any case.
 *
 * @throws {SessionError} invalid_input when it is not a UUID with hyphens.
 */
export function parseSessionId(text: string): SessionId {
  const canonical = typeof text === "string" && text.length === 36 ? text.toLowerCase() : "";
  if (!isCanonicalUuid(canonical)) {
    const shown = typeof text === "string" ? JSON.stringify(text.slice(0, 64)) : typeof text;
    throw invalidInput(
      `${shown} is not a session id: expected a UUID such as 0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f.`,
      {
        field: "id",
      },
    );
  }
  return canonical as SessionId;
}

/** A new time-ordered id (UUID version 7). */
export function newUuid(): string {
  return v7();
}
