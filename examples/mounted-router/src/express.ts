import { createServer } from "node:http";
import type { SessionManager } from "@thulp-sessions/core";
import { createExpressMiddleware } from "@trpc/server/adapters/express";
import express, { type Handler } from "express";
import { API, contextOf, MAX_BODY_BYTES, refused } from "./api.ts";
import { type Host, listen } from "./host.ts";
import { sameSecret } from "./secrets.ts";

export interface Tenant {
  readonly key: string;
  /** Over a store of his own: he cannot see what others have. */
  readonly manager: SessionManager;
}

/** In Express, for several tenants, each known by the key in his `x-api-key` header. */
export function serveWithExpress(tenants: readonly Tenant[], port: number): Promise<Host> {
  const authenticate: Handler = (request, response, next) => {
    const tenant = tenants.find(({ key }) => sameSecret(request.get("x-api-key"), key));
    if (tenant) {
      response.locals["manager"] = tenant.manager;
      next();
    } else {
      const { status, headers, body } = refused("Bring your key: x-api-key: ...");
      response.status(status).set(headers).send(body);
    }
  };
  const app = express();
  app.get("/", (_request, response) => {
    response.type("text").send("an app of its own\n");
  });
  // Before any express.json(): the router reads the body itself.
  app.use(
    "/sessions/trpc",
    authenticate,
    createExpressMiddleware({
      ...API,
      maxBodySize: MAX_BODY_BYTES,
      createContext: ({ res }) => contextOf(res.locals["manager"]),
    }),
  );
  return listen(createServer(app), port);
}
