import type { SessionManager } from "@thulp-sessions/core";
import type { AppRouter } from "@thulp-sessions/router";
import { type FastifyTRPCPluginOptions, fastifyTRPCPlugin } from "@trpc/server/adapters/fastify";
import fastify from "fastify";
import { API, contextOf, MAX_BODY_BYTES, refused } from "./api.ts";
import { type Host, letGoOf, urlOf } from "./host.ts";
import { bearerOf, sameSecret } from "./secrets.ts";

/** In Fastify, for whoever has the one token. */
export async function serveWithFastify(manager: SessionManager, token: string, port: number): Promise<Host> {
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    // A batch names all its calls in one parameter of the path.
    routerOptions: { maxParamLength: 5000 },
  });
  app.get("/", async () => "an app of its own\n");
  await app.register(
    async (scope) => {
      // Only for what is registered in here.
      scope.addHook("onRequest", async (request, reply) => {
        if (sameSecret(bearerOf(request.headers.authorization), token)) return undefined;
        const { status, headers, body } = refused("Bring the token: Authorization: Bearer ...");
        return reply.code(status).headers(headers).send(body);
      });
      const options: FastifyTRPCPluginOptions<AppRouter> = {
        trpcOptions: { ...API, createContext: () => contextOf(manager) },
      };
      await scope.register(fastifyTRPCPlugin<AppRouter>, options);
    },
    { prefix: "/sessions/trpc" },
  );
  const letGo = letGoOf(app.server);
  app.addHook("preClose", async () => letGo());
  await app.listen({ port, host: "127.0.0.1" });
  return { url: urlOf(app.server), close: () => app.close() };
}
