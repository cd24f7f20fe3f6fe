import { HttpError } from "@thulp-sessions/router";
import type { Access } from "../http/access.ts";
import type { Exchange } from "../http/exchange.ts";
import { readBody } from "../http/request-body.ts";
import { allowMethods, checkJsonBody } from "../http/request-checks.ts";
import type { PageRoutes } from "../http/request-handler.ts";
import { sendJson } from "../http/send-response.ts";
import type { AdmissionControl } from "../limits/admission-control.ts";
import { VERSION } from "../version.ts";
import type { BuiltPage } from "./built-page.ts";
import { CODE_LIFE_MS, type OneTimeCodes } from "./one-time-codes.ts";
import { answerWith } from "./page-answer.ts";
import { pageHeaders } from "./page-headers.ts";
import type { PageTokens } from "./page-tokens.ts";

/** A code and its braces take a fraction of that. */
const MAX_CODE_BODY_BYTES = 4096;

const POLICY = pageHeaders([]);

export interface ViewerParts {
  /** `null` where it is not built: then only its settings are answered. */
  readonly page: BuiltPage | null;
  readonly access: Access;
  readonly admission: AdmissionControl;
  readonly codes: OneTimeCodes;
  readonly tokens: PageTokens;
  /** Whether the page may write. */
  readonly writes: boolean;
}

/** The paths of the viewer: its files, and what its page asks before it calls the API. */
export class ViewerRoutes implements PageRoutes {
  readonly #parts: ViewerParts;

  constructor(parts: ViewerParts) {
    this.#parts = parts;
  }

  isStatic(path: string): boolean {
    return this.#parts.page?.at(path) !== undefined;
  }

  async answer(exchange: Exchange): Promise<boolean> {
    const { path, request, response } = exchange;
    const { method = "" } = request;
    const file = this.#parts.page?.at(path);
    if (file) {
      allowMethods(response, method, ["GET", "HEAD"]);
      const { "accept-encoding": acceptEncoding, "if-none-match": ifNoneMatch } = request.headers;
      const asked = { method, acceptEncoding: acceptEncoding?.toString(), ifNoneMatch };
      const { status, headers, body } = answerWith(file, asked, POLICY);
      response.writeHead(status, [...exchange.cacheableHeaders(), ...headers]);
      response.end(body ?? undefined);
      return true;
    }
    switch (path) {
      case "/viewer/settings":
        return this.#sendSettings(exchange);
      case "/viewer/token":
        return this.#exchangeCode(exchange);
      case "/viewer/code":
        return this.#makeCode(exchange);
      default:
        return false;
    }
  }

  /** A new code for an address; `null` where none is needed. */
  newCode(): string | null {
    return this.#parts.access.tokenNeeded ? this.#parts.codes.create() : null;
  }

  #sendSettings(exchange: Exchange): true {
    const { access, writes } = this.#parts;
    allowMethods(exchange.response, exchange.request.method ?? "", ["GET", "HEAD"]);
    return send(exchange, { tokenNeeded: access.tokenNeeded, writes, version: VERSION });
  }

  async #exchangeCode(exchange: Exchange): Promise<true> {
    const { admission, access, codes, tokens, writes } = this.#parts;
    const { request, response } = exchange;
    allowMethods(response, request.method ?? "", ["POST"]);
    checkJsonBody(request, response);
    const permit = admission.acquire(0, request);
    let body: string;
    try {
      body = await readBody(request, MAX_CODE_BODY_BYTES, permit);
    } finally {
      permit.release();
    }
    const code = codeIn(body);
    if (!access.tokenNeeded)
      throw new HttpError(401, "This server wants no token, so that there is no code for one.");
    if (!codes.redeem(code))
      throw new HttpError(
        401,
        "The code is not good: each is good once, for ten minutes. Run `thulp-sessions open` for a new one.",
      );
    return send(exchange, { token: tokens.create(), writes });
  }

  /** For `thulp-sessions open`: anyone with the server's token may let a page in. */
  #makeCode(exchange: Exchange): true {
    const { access, page } = this.#parts;
    const { request, response } = exchange;
    allowMethods(response, request.method ?? "", ["POST"]);
    checkJsonBody(request, response);
    if (access.checkToken(request.headers) === "page")
      throw new HttpError(403, "A page's token lets in no other page: bring the server's own.");
    return send(exchange, { code: this.newCode(), expiresInMs: CODE_LIFE_MS, built: page !== null });
  }
}

function send(exchange: Exchange, answer: object): true {
  exchange.begin();
  sendJson(exchange.response, 200, JSON.stringify(answer));
  return true;
}

/** @throws {HttpError} 400 for a body without a code. */
function codeIn(body: string): string {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new HttpError(400, `The body is not valid JSON: ${(cause as Error).message}.`, { cause });
  }
  const code = typeof value === "object" && value !== null && "code" in value ? value.code : undefined;
  if (typeof code === "string") return code;
  throw new HttpError(400, 'The body has no code: expected { "code": "..." }.');
}
