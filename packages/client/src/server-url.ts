import { invalidInput } from "@thulp-sessions/core/store";

/**
 * The root of a server, without a slash at its end.
 *
 * @throws {SessionError} invalid_input
 */
export function parseServerUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw refused(
      `${JSON.stringify(text.slice(0, 200))} is not the URL of a server: expected e.g. http://127.0.0.1:4664.`,
    );
  }
  // Not shown in the message: it may end in a log.
  if (url.username !== "" || url.password !== "") {
    throw refused("The server's URL holds credentials. Give the token beside it: it is sent in a header.");
  }
  if (url.search !== "" || url.hash !== "") {
    throw refused(
      `${url.origin}${url.pathname} is followed by a query or a fragment: give the server's root only.`,
    );
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

function refused(message: string) {
  return invalidInput(message, { field: "url" });
}
