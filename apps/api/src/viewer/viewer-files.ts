import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { invalidInput } from "@thulp-sessions/core/store";
import { VERSION } from "../version.ts";
import { BuiltPage } from "./built-page.ts";
import { answerWith, type PageRequest } from "./page-answer.ts";
import { pageHeaders } from "./page-headers.ts";
import { ROUTES } from "./page-paths.ts";

export interface ViewerFilesOptions {
  /**
   * What stands before the paths of the page, e.g. `/sessions`; nothing when absent. The page calls the API
   * at `/trpc` under it, where the host mounts the router.
   */
  readonly base?: string | undefined;
  /** The origins whose pages may frame the page, e.g. `https://desk.example`; none when absent. */
  readonly frameAncestors?: readonly string[] | undefined;
  /** Whether the page asks its user for a bearer token, to send with every call; false when absent. */
  readonly tokenNeeded?: boolean | undefined;
  /** Whether the page says that it may change sessions; false when absent. It is the host that refuses. */
  readonly writes?: boolean | undefined;
  /** The folder of another build of the page. */
  readonly folder?: string | undefined;
}

/** The page for an app with a server of its own. Who may call the API is that app's business. */
export interface ViewerFiles {
  /** Of a fetch-style handler; `null` where the path is not the page's. */
  fetch(request: Request): Response | null;
  /** For Express, Connect and `node:http`: `app.use(files.middleware)`. Calls `next` for other paths. */
  middleware(request: IncomingMessage, response: ServerResponse, next: () => void): void;
  /** For Fastify: `app.register(files.plugin)`. */
  plugin(app: FastifyLike, options: unknown, done: () => void): void;
}

/** What of Fastify the plugin uses. */
export interface FastifyLike {
  route(options: {
    readonly method: string[];
    readonly url: string;
    handler(request: FastifyRequestLike, reply: FastifyReplyLike): unknown;
  }): unknown;
}

export interface FastifyRequestLike {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

export interface FastifyReplyLike {
  code(status: number): FastifyReplyLike;
  header(name: string, value: string): FastifyReplyLike;
  send(body?: Buffer | string): FastifyReplyLike;
  callNotFound(): unknown;
}

interface Answer {
  readonly status: number;
  /** Names and values by turns. */
  readonly headers: readonly string[];
  readonly body: Buffer | null;
}

/**
 * Reads the page, which is then served from memory.
 *
 * @throws {SessionError} invalid_input for a base or an origin that cannot be one.
 * @throws {Error} when this installation has no page, in words.
 */
export async function viewerFiles(options: ViewerFilesOptions = {}): Promise<ViewerFiles> {
  const { base = "", frameAncestors = [], tokenNeeded = false, writes = false, folder } = options;
  if (!/^(?:\/[A-Za-z0-9._~-]+)*$/.test(base) || /\/\.\.?(?:\/|$)/.test(base))
    throw invalidInput('base: expected a path such as "/sessions", without a slash at its end.', {
      field: "base",
    });
  for (const origin of frameAncestors)
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      throw invalidInput("frameAncestors: expected origins such as https://desk.example.", {
        field: "frameAncestors",
      });
  const page = BuiltPage.load(base, folder);
  const policy = pageHeaders(frameAncestors);
  const settings = Buffer.from(JSON.stringify({ tokenNeeded, writes, version: VERSION }));

  function answerTo(target: string, request: PageRequest): Answer | null {
    const path = pathUnder(base, target);
    if (path === null || (request.method !== "GET" && request.method !== "HEAD")) return null;
    const file = page.at(path);
    if (file) return answerWith(file, request, policy);
    return path === "/viewer/settings" ? settingsAnswer(settings, request) : null;
  }
  function answerToNode({ method = "", headers }: Pick<IncomingMessage, "method" | "headers">, url = "") {
    const { "accept-encoding": acceptEncoding, "if-none-match": ifNoneMatch } = headers;
    return answerTo(url, { method, acceptEncoding: acceptEncoding?.toString(), ifNoneMatch });
  }

  return {
    fetch(request) {
      const { pathname } = new URL(request.url);
      const header = (name: string) => request.headers.get(name) ?? undefined;
      const answer = answerTo(pathname, {
        method: request.method,
        acceptEncoding: header("accept-encoding"),
        ifNoneMatch: header("if-none-match"),
      });
      if (!answer) return null;
      const { status, headers, body } = answer;
      return new Response(body && new Uint8Array(body), { status, headers: pairsOf(headers) });
    },
    middleware(request, response, next) {
      // Express takes what a router was mounted at off `url`.
      const { originalUrl = request.url } = request as IncomingMessage & { originalUrl?: string };
      const answer = answerToNode(request, originalUrl);
      if (!answer) return next();
      response.writeHead(answer.status, answer.headers as string[]);
      response.end(answer.body ?? undefined);
    },
    plugin(app, _options, done) {
      const handler = (request: FastifyRequestLike, reply: FastifyReplyLike) => {
        const answer = answerToNode(request, request.url);
        if (!answer) return reply.callNotFound();
        reply.code(answer.status);
        for (const [name, value] of pairsOf(answer.headers)) reply.header(name, value);
        return reply.send(answer.body ?? "");
      };
      for (const route of base === "" ? ROUTES : ["", ...ROUTES])
        app.route({ method: ["GET", "HEAD"], url: `${base}${route}`, handler });
      done();
    },
  };
}

/** The path behind the base; `null` where it is elsewhere. */
function pathUnder(base: string, target: string): string | null {
  const path = target.replace(/[?#].*$/s, "");
  if (base !== "" && path === base) return "/";
  return path.startsWith(`${base}/`) ? path.slice(base.length) : null;
}

function settingsAnswer(body: Buffer, { method }: PageRequest): Answer {
  const headers = ["content-type", "application/json", "cache-control", "no-store"];
  headers.push("content-length", `${body.length}`, "x-content-type-options", "nosniff");
  return { status: 200, headers, body: method === "HEAD" ? null : body };
}

function pairsOf(headers: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < headers.length; i += 2) pairs.push([headers[i] as string, headers[i + 1] as string]);
  return pairs;
}
