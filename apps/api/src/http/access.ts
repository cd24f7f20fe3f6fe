import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { isLoopback } from "@thulp-sessions/config";
import { HttpError } from "@thulp-sessions/router";

export interface AccessRules {
  /** The host that the server listens on. */
  readonly host: string;
  readonly token?: string | undefined;
  /** Web origins beside the server's own that may call it. */
  readonly allowedOrigins: readonly string[];
  /** Names beside the server's own by which it may be called. */
  readonly allowedHosts: readonly string[];
  /** The tokens that pages of the viewer have got; none when absent. */
  readonly pageTokens?: { has(token: string): boolean } | undefined;
}

/**
 * Who calls: `owner` has the server's token, or calls a server that wants none; `page` has one that a page of
 * the viewer has got for a code.
 */
export type Caller = "owner" | "page";

/**
 * A second Host may be the one that a proxy before the server has looked at: which of them is meant nobody
 * knows.
 *
 * @throws {HttpError} 400
 */
export function refuseSecondHost(rawHeaders: readonly string[]): void {
  let seen = false;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length !== 4 || name.toLowerCase() !== "host") continue;
    if (seen) throw new HttpError(400, "The request has two Host headers.");
    seen = true;
  }
}

/** Who may call: decided from the headers alone, before anything else of a request is looked at. */
export class Access {
  readonly #rules: AccessRules;
  readonly #tokenHash: Buffer | undefined;
  readonly #namedHosts: ReadonlySet<string>;
  /** The Host that was found to be ours last; nearly every request has the same. */
  #knownHost: string | undefined;

  constructor(rules: AccessRules) {
    this.#rules = rules;
    this.#tokenHash = rules.token === undefined ? undefined : hash(rules.token);
    const originHosts = rules.allowedOrigins.map((origin) => new URL(origin).hostname);
    this.#namedHosts = new Set([...originHosts, ...rules.allowedHosts.map((name) => name.toLowerCase())]);
  }

  /**
   * Refuses what a web page could send behind the back of the person before the browser: a name that was made
   * to point here (DNS rebinding), and calls from other sites.
   *
   * @returns the foreign origin that is allowed to read the answer, if the call comes from one.
   */
  checkSite(headers: IncomingHttpHeaders): string | null {
    const host = this.checkHost(headers);
    const { origin, "sec-fetch-site": site } = headers;
    if (origin === undefined) {
      if (site === undefined || site === "same-origin" || site === "none") return null;
      throw forbidden("Calls from other web sites are not allowed.");
    }
    if (origin.toLowerCase() === `http://${host}`) return null;
    if (this.#rules.allowedOrigins.includes(origin)) return origin;
    throw forbidden(
      `The origin ${JSON.stringify(origin.slice(0, 100))} is not allowed: name it in --allowed-origins when starting the server.`,
    );
  }

  /**
   * The half of {@link checkSite} that holds for a person who follows a link from anywhere, too: the name by
   * which the server is called.
   *
   * @returns the Host, in lower case.
   * @throws {HttpError} 403 for a name that is not the server's.
   */
  checkHost(headers: IncomingHttpHeaders): string {
    const host = headers.host?.toLowerCase() ?? "";
    if (host !== this.#knownHost) this.#refuseForeign(host);
    return host;
  }

  /** Whether calls have to bring a token. */
  get tokenNeeded(): boolean {
    return this.#tokenHash !== undefined;
  }

  /** @throws {HttpError} 401 where there is a token and the call brings neither it nor one of a page. */
  checkToken({ authorization = "" }: IncomingHttpHeaders): Caller {
    if (this.#tokenHash === undefined) return "owner";
    const [, given] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
    // Hashes have one length, and comparing them takes the same time wherever they differ.
    if (given !== undefined && timingSafeEqual(hash(given), this.#tokenHash)) return "owner";
    if (given !== undefined && this.#rules.pageTokens?.has(given)) return "page";
    throw new HttpError(
      401,
      given === undefined ? "This server wants a bearer token." : "The bearer token is not this server's.",
    );
  }

  #refuseForeign(host: string): void {
    const [, name] = /^(\[[0-9a-f:.%]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/.exec(host) ?? [];
    if (name === undefined || !this.#isOurName(name)) {
      throw forbidden(
        `This server is not ${JSON.stringify(host.slice(0, 100))}: call it by its address, or name that host in --allowed-hosts (THULP_SESSIONS_ALLOWED_HOSTS) when starting the server.`,
      );
    }
    this.#knownHost = host;
  }

  #isOurName(bracketed: string): boolean {
    const name = bracketed.replace(/^\[(.*)\]$/, "$1");
    const { host } = this.#rules;
    if (isLoopback(name) || name === host.toLowerCase() || this.#namedHosts.has(bracketed)) return true;
    // Listening everywhere: an address is safe, since rebinding needs a name, and so is the machine's own
    // name.
    return isWildcard(host) && (isIP(name) !== 0 || name === hostname().toLowerCase());
  }
}

/**
 * A person opens an address in a tab: the browser says so, and no page can make it say so of a call whose
 * answer it gets to read. Frames are none.
 */
export function isNavigation({ method, headers }: Pick<IncomingMessage, "method" | "headers">): boolean {
  return (
    headers["sec-fetch-mode"] === "navigate" &&
    headers["sec-fetch-dest"] === "document" &&
    (method === "GET" || method === "HEAD")
  );
}

export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function hash(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

function forbidden(message: string): HttpError {
  return new HttpError(403, message);
}
