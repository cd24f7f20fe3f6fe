import type { SessionListEvent } from "@thulp-sessions/router";

/** How the server is reached. */
export type LinkState =
  | { readonly state: "connecting" }
  | { readonly state: "live" }
  /** The server cannot be reached; it is tried again at `retryAt`, a time as of `Date.now`. */
  | { readonly state: "away"; readonly reason: string; readonly retryAt: number }
  /** The server wants a token, or another one than `token`. */
  | { readonly state: "refused"; readonly token: string | null };

/** From a tab to the one that holds the stream. */
export type ToHub =
  | { readonly type: "join"; readonly token: string | null }
  | { readonly type: "leave" }
  | { readonly type: "retry" };

/** From the one that holds the stream to every tab. */
export type FromHub =
  | { readonly type: "link"; readonly link: LinkState }
  | { readonly type: "change"; readonly change: SessionListEvent }
  | { readonly type: "token"; readonly token: string };

/** The way of one tab to the stream that all tabs share. */
export interface HubPort {
  send(message: ToHub): void;
}
