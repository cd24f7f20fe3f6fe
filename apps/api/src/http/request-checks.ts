import type { IncomingMessage, ServerResponse } from "node:http";
import { HttpError } from "@thulp-sessions/router";

/** @throws {HttpError} 405 */
export function allowMethods(response: ServerResponse, method: string, allowed: readonly string[]): void {
  if (allowed.includes(method)) return;
  response.setHeader("allow", allowed.join(", "));
  throw new HttpError(405, `${method} is not supported here: use ${allowed.join(" or ")}.`);
}

/** @throws {HttpError} 415 for a body that is not JSON as it stands. */
export function checkJsonBody(request: IncomingMessage, response: ServerResponse): void {
  checkType(request.headers["content-type"]);
  checkEncoding(response, request.headers["content-encoding"]);
}

/** A form on a foreign page can send other types without asking; JSON it cannot. */
function checkType(contentType = ""): void {
  if (contentType === "application/json") return;
  const [type = "", ...parameters] = contentType.toLowerCase().split(";");
  if (type.trim() !== "application/json")
    throw new HttpError(415, "The body of a POST is JSON: send it as content-type application/json.");
  const charset = parameters
    .map((each) => /^\s*charset\s*=\s*"?([^"]*?)"?\s*$/.exec(each)?.[1])
    .find(Boolean);
  if (charset === undefined || UTF8_NAMES.includes(charset)) return;
  throw new HttpError(415, `The body of a POST is UTF-8, not ${charset.slice(0, 40)}.`);
}

const UTF8_NAMES = ["utf-8", "utf8", "us-ascii"];

/** A compressed body could become any size. */
function checkEncoding(response: ServerResponse, encoding = "identity"): void {
  if (encoding.trim().toLowerCase() === "identity") return;
  response.setHeader("accept-encoding", "identity");
  throw new HttpError(
    415,
    `The content-encoding ${JSON.stringify(encoding.slice(0, 40))} is not supported: send the body as it is.`,
  );
}
