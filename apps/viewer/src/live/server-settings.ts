import { BASE } from "../url/base.ts";
import { VIEWER_HEADER } from "./viewer-header.ts";

/** What the server tells everybody who may load the page. */
export interface ServerSettings {
  /** Calls need a token. */
  readonly tokenNeeded: boolean;
  /** The page may change sessions. */
  readonly writes: boolean;
  readonly version: string;
}

/** @throws {Error} where the server cannot be reached, or is another one. */
export async function readServerSettings(): Promise<ServerSettings> {
  // The page has them loaded beforehand (vite.config.ts).
  const response = await fetch(`${BASE}/viewer/settings`, { headers: VIEWER_HEADER });
  if (!response.ok) throw new Error(`The server answers with status ${response.status}.`);
  return (await response.json()) as ServerSettings;
}

/**
 * Changes the code of a link, which is good once and for a short time, for a token.
 *
 * @returns `null` when the code is used, or too old.
 * @throws {Error} where the server cannot be reached.
 */
export async function exchangeCode(code: string): Promise<string | null> {
  const response = await fetch(`${BASE}/viewer/token`, {
    method: "POST",
    headers: { "content-type": "application/json", ...VIEWER_HEADER },
    body: JSON.stringify({ code }),
  });
  if (!response.ok) return null;
  const { token } = (await response.json()) as { token?: unknown };
  return typeof token === "string" ? token : null;
}
