import type { SessionManager } from "@thulp-sessions/core";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { API, contextOf, refused } from "./api.ts";
import { bearerOf, isValidPass } from "./secrets.ts";

/**
 * As Deno, Bun, Workers, Hono or a Next.js route want it: a request in, a response out. For passes that have
 * not expired.
 */
export function fetchHandler(
  manager: SessionManager,
  secret: string,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return new Response("an app of its own\n");
    if (!pathname.startsWith("/sessions/trpc/")) return new Response("not found\n", { status: 404 });
    if (!isValidPass(secret, bearerOf(request.headers.get("authorization")))) {
      const { body, ...init } = refused("Your pass is none, or has expired: Authorization: Bearer ...");
      return new Response(body, init);
    }
    return fetchRequestHandler({
      ...API,
      endpoint: "/sessions/trpc",
      req: request,
      createContext: () => contextOf(manager),
    });
  };
}
