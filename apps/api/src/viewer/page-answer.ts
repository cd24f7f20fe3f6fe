import { acceptedEncodings } from "../http/accepted-encodings.ts";
import type { PageCopy, PageFile } from "./built-page.ts";

/** What an answer depends on of its request. */
export interface PageRequest {
  readonly method: string;
  readonly acceptEncoding: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

export interface PageAnswer {
  readonly status: 200 | 304;
  /** Names and values by turns. */
  readonly headers: readonly string[];
  /** `null` for an answer without one: to a HEAD, and where the browser has the file already. */
  readonly body: Buffer | null;
}

/** The answer with a file of the page to a GET or HEAD. */
export function answerWith(file: PageFile, request: PageRequest, policy: readonly string[]): PageAnswer {
  const { encoding, body } = copyFor(file, request.acceptEncoding);
  const tag = `"${file.hash.slice(0, 22)}${encoding === "identity" ? "" : `-${encoding}`}"`;
  const headers = [
    ...policy,
    "cache-control",
    file.isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
    "etag",
    tag,
    "vary",
    "accept-encoding",
  ];
  if (isNamed(tag, request.ifNoneMatch)) return { status: 304, headers, body: null };
  headers.push("content-type", file.type, "content-length", `${body.length}`);
  if (encoding !== "identity") headers.push("content-encoding", encoding);
  return { status: 200, headers, body: request.method === "HEAD" ? null : body };
}

/** The first that the client takes; who takes none gets the file as it stands. */
function copyFor({ copies }: PageFile, accepted: string | undefined): PageCopy {
  const weigh = acceptedEncodings(accepted);
  const found = copies.find(({ encoding }) => encoding === "identity" || weigh(encoding) > 0);
  return found ?? (copies.at(-1) as PageCopy);
}

/** `W/` says no more than that a proxy has touched the answer: the file is the same. */
function isNamed(tag: string, ifNoneMatch: string | undefined): boolean {
  const named = (ifNoneMatch ?? "").split(",").map((each) => each.trim().replace(/^W\//, ""));
  return named.includes(tag) || named.includes("*");
}
