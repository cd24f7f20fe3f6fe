import { hash } from "node:crypto";
import type { EntryId, SessionId } from "@thulp-sessions/core";

/** The namespace of all ids that are derived here. It never changes: with another one everything is new. */
const NAMESPACE = Buffer.from("6f1a5c0e9b7d4f38a2e4c1d05b8397f6", "hex");

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A UUID of version 5 (RFC 9562), of several texts none of which can pass into the next one. */
function derivedUuid(...parts: readonly string[]): string {
  const hex = hash("sha1", Buffer.concat([NAMESPACE, Buffer.from(JSON.stringify(parts))]), "hex");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  const third = `5${hex.slice(13, 16)}`;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${third}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Of a session whose own id is no UUID, or is taken. */
export function derivedSessionId(...parts: readonly string[]): SessionId {
  return derivedUuid("session", ...parts) as SessionId;
}

export function derivedEntryId(...parts: readonly string[]): EntryId {
  return derivedUuid("entry", ...parts) as EntryId;
}

/** The id that the agent itself gave, where it is a UUID. */
export function nativeSessionId(text: string): SessionId | null {
  return UUID.test(text) ? (text.toLowerCase() as SessionId) : null;
}

/** SHA-256 in hexadecimal digits. */
export function sha256(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex");
}
