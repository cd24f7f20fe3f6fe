import { bypassProxy } from "../bypass-proxy.ts";
import { refused } from "./store-path.ts";
import type { StoreLocation, StoreScheme } from "./store-scheme.ts";

export const httpScheme: StoreScheme<Extract<StoreLocation, { kind: "http" }>> = {
  schemes: ["http", "https"],
  form: "http://HOST:PORT",
  parse: ({ text }) => ({ kind: "http", url: serverUrl(text) }),
  format: ({ url }) => url,
  placeOf: () => null,
  isRemote: true,
  takesDurability: false,
  async open({ url }, { token, readOnly, onWarning }) {
    bypassProxy(url, process.env);
    const { openRemoteStore } = await import("@thulp-sessions/client");
    return openRemoteStore({ url, token, readOnly, onWarning });
  },
  maintenance: async () => null,
};

// The client has the same rule; but it is loaded only when a server is opened, and a URL is checked before.
function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) throw refused(text, "it is not a URL: expected e.g. http://127.0.0.1:4664");
  if (url.username !== "" || url.password !== "") {
    // Not shown: it would end in a log.
    throw refused(
      `${url.protocol}//…@${url.host}`,
      "it holds credentials; give the token by --token-file or --token",
    );
  }
  if (url.search !== "" || url.hash !== "") throw refused(text, "a query or fragment means nothing here");
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}
