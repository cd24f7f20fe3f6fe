import type { JsonObject } from "@thulp-sessions/core";
import { idOf, messageText, objectOf } from "../model/fields.ts";

/** What a command of the program has printed. */
const PRINTED = /^\s*<local-command-(?:stdout|stderr)>/;

/** A record of the user that the program has put there. */
export function isInjected(record: JsonObject): boolean {
  if (record["isMeta"] === true || record["isCompactSummary"] === true) return true;
  if (record["rowSource"] === "harness") return true;
  if (objectOf(record["origin"])?.["kind"] === "task-notification") return true;
  return PRINTED.test(saidIn(record));
}

/** The first text of its message. */
export function saidIn(record: JsonObject): string {
  return messageText(objectOf(record["message"])?.["content"]) ?? "";
}

/** The user has stopped the model, or a call. */
export function isInterruption(record: JsonObject): boolean {
  return INTERRUPTED.test(saidIn(record));
}

const INTERRUPTED = /^\s*\[Request interrupted by user/;

/**
 * The session that a record was copied from by `--fork-session`, which says so only of replies: they were
 * asked for in another one. The SDK says it in each record (`forkedFrom`).
 */
export function copiedFrom(record: JsonObject): { nativeId: string; at: string | undefined } | undefined {
  const fork = objectOf(record["forkedFrom"]);
  const nativeId = idOf(fork?.["sessionId"]);
  if (nativeId !== undefined) return { nativeId, at: idOf(fork?.["messageUuid"]) };
  const asked = idOf(record["requestSessionId"]);
  if (asked === undefined || asked === record["sessionId"]) return undefined;
  return { nativeId: asked, at: idOf(record["uuid"]) };
}
