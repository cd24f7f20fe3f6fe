import { entriesRouter } from "./entries.ts";
import { serverRouter } from "./server.ts";
import { sessionsRouter } from "./sessions.ts";
import { createCallerFactory, router } from "./trpc.ts";

/** The whole API. A host gives every call an `ApiContext`. */
export const appRouter = router({
  sessions: sessionsRouter,
  entries: entriesRouter,
  server: serverRouter,
});

export type AppRouter = typeof appRouter;

/** The API in process: `createCaller({ manager, info }).sessions.list()`. */
export const createCaller = createCallerFactory(appRouter);
