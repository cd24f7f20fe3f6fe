import { z } from "zod";
import { type EntryId, isCanonicalUuid, type SessionId } from "./ids.ts";

// Apart from ids.ts, and likewise model-schemas.ts: a program that only makes ids bundles no zod.

const canonicalUuid = z
  .string()
  .max(36, { error: "is not a UUID" })
  .transform((text) => text.toLowerCase())
  .refine(isCanonicalUuid, { error: "is not a UUID (8-4-4-4-12 hexadecimal digits)" });

/** The zod schema of a session id: takes a UUID with hyphens in any case, and gives its canonical form. */
export const sessionIdSchema = canonicalUuid.transform((text) => text as SessionId);

/** The zod schema of an entry id: takes a UUID with hyphens in any case, and gives its canonical form. */
export const entryIdSchema = canonicalUuid.transform((text) => text as EntryId);
