export type { Call, CallHook, CallOutcome } from "./call.ts";
export type { ApiContext, ServerCounts, ServerFacts } from "./context.ts";
export { type SessionErrorData, TRPC_CODES } from "./errors.ts";
export { MAX_APPEND } from "./inputs.ts";
export { errorBody, type Failure, failureOf, Refusal } from "./refusal.ts";
export { type AppRouter, appRouter, createCaller, procedureAt } from "./router.ts";
export type { ServerInfo } from "./server.ts";
export { answerSingleCall, type SingleAnswer, type SingleCall } from "./single-call.ts";
export type { SessionListEvent } from "./watch.ts";
