import type { ServerResponse } from "node:http";
import { isSessionError, type SessionStore } from "@thulp-sessions/core";

/** Any id will do: what counts is that the store answers. */
const PROBE_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/** How long the store may take, in milliseconds. */
const TIMEOUT_MS = 5000;

/** For probes: 200 while the store answers, else 503; it tells nothing else. */
export async function sendHealth(response: ServerResponse, store: SessionStore): Promise<void> {
  const healthy = await answers(store);
  const body = JSON.stringify({ status: healthy ? "ok" : "unavailable" });
  response.writeHead(healthy ? 200 : 503, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

async function answers(store: SessionStore): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), TIMEOUT_MS);
  });
  const looked = store.head(PROBE_ID).then(
    () => true,
    (error) =>
      ["not_found", "corrupt", "unsupported"].some((code) => isSessionError(error) && error.code === code),
  );
  try {
    return await Promise.race([looked, late]);
  } finally {
    clearTimeout(timer);
  }
}
