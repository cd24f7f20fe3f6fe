import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { HttpError } from "@thulp-sessions/router";
import { originHeaders } from "./cors.ts";

/** A request, what is known of it, and the headers that its answer has in any case. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string = randomUUID();
  /** The foreign origin that may read the answer; `undefined` until access was granted. */
  origin: string | null | undefined;
  /** Why the caller may only read. */
  writesRefused: string | undefined;
  /** The connection ends with this answer. */
  readonly #closing: boolean;
  #path: string | undefined;
  #query: string | null = null;
  #begun = false;

  constructor(request: IncomingMessage, response: ServerResponse, closing: boolean) {
    this.request = request;
    this.response = response;
    this.#closing = closing;
  }

  /** The path, encoded, without what follows it. @throws {HttpError} 400 for a target that is no path. */
  get path(): string {
    return this.#path ?? this.#split();
  }

  /** What follows the path's question mark. */
  get query(): string | null {
    if (this.#path === undefined) this.#split();
    return this.#query;
  }

  /** Sets the headers on the answer, once; for answers whose headers are put together piece by piece. */
  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    const headers = this.headers();
    for (let i = 0; i < headers.length; i += 2) {
      this.response.appendHeader(headers[i] as string, headers[i + 1] as string);
    }
  }

  /** Names and values by turns, as `writeHead` takes them quickest. */
  headers(): string[] {
    const headers = this.cacheableHeaders();
    headers.push("x-content-type-options", "nosniff", "cache-control", "no-store");
    if (this.origin !== undefined) headers.push(...originHeaders(this.origin));
    return headers;
  }

  /** The same of an answer that says itself how it may be kept, and that no other origin may read. */
  cacheableHeaders(): string[] {
    const headers = ["x-request-id", this.requestId];
    if (this.#closing) headers.push("connection", "close");
    return headers;
  }

  #split(): string {
    const target = this.request.url ?? "";
    const mark = target.indexOf("?");
    const path = mark < 0 ? target : target.slice(0, mark);
    const query = mark < 0 ? null : target.slice(mark + 1);
    // Most are as plain as that, and need no parser.
    if (/^\/(?:trpc\/)?[A-Za-z.]+$/.test(path) && !path.includes("..") && !query?.includes("#")) {
      this.#query = query;
      this.#path = path;
      return path;
    }
    const text = `http://server${target}`;
    if (!target.startsWith("/") || !URL.canParse(text)) {
      throw new HttpError(400, "The request's target is not a path.");
    }
    const { pathname, search } = new URL(text);
    this.#query = search === "" ? null : search.slice(1);
    this.#path = pathname;
    return pathname;
  }
}
