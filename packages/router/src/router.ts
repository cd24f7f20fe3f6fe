import type { AnyProcedure } from "@trpc/server";
import { entriesRouter } from "./procedures/entries.ts";
import { serverRouter } from "./procedures/server.ts";
import { sessionsRouter } from "./procedures/sessions.ts";
import { createCallerFactory, router } from "./trpc.ts";

/** The whole API. A host passes an `ApiContext` with every call. */
export const appRouter = router({
  sessions: sessionsRouter,
  entries: entriesRouter,
  server: serverRouter,
});

/** The type of {@link appRouter}, for clients. */
export type AppRouter = typeof appRouter;

/** The API without HTTP: `createCaller({ manager, info }).sessions.list()`. */
export const createCaller = createCallerFactory(appRouter);

/** The procedures by their full paths, as tRPC has them at run time; its types have them nested. */
const procedures = appRouter._def.procedures as unknown as Readonly<Record<string, AnyProcedure | undefined>>;

/** The procedure at a path of the API, e.g. `sessions.head`; `undefined` where there is none. */
export function procedureAt(path: string): AnyProcedure | undefined {
  return Object.hasOwn(procedures, path) ? procedures[path] : undefined;
}
