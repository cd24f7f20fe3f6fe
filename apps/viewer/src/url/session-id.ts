import type { SessionId } from "@thulp-sessions/core";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Core's own check comes with all of its schemas, which are more than the rest of the page. */
export function isSessionId(text: string): text is SessionId {
  return UUID.test(text);
}
