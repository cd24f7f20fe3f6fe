export type { ApiContext, ServerFacts } from "./context.ts";
export { type SessionErrorData, TRPC_CODES } from "./errors.ts";
export { errorBody, type Failure, failureOf, Refusal } from "./refusal.ts";
export { type AppRouter, appRouter, createCaller } from "./router.ts";
export type { ServerInfo } from "./server.ts";
export type { SessionListEvent } from "./watch.ts";
