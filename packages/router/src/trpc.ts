import { initTRPC } from "@trpc/server";
import type { ApiContext } from "./context.ts";
import { describeError, outcomeOf, toTrpcError } from "./errors.ts";
import { writeRefusal } from "./write-refusal.ts";

/** How long a subscription may be silent before the server sends a ping, in milliseconds. */
const PING_MS = 15_000;

/** What is sent is plain JSON, which needs no transformer. Naming one keeps the types of core as they are. */
const plainJson = {
  serialize: (value: unknown) => value,
  deserialize: (value: unknown) => value,
};

const t = initTRPC.context<ApiContext>().create({
  // Never a stack: that belongs in the log.
  isDev: false,
  transformer: plainJson,
  sse: {
    ping: { enabled: true, intervalMs: PING_MS },
    client: { reconnectAfterInactivityMs: 3 * PING_MS },
  },
  errorFormatter({ shape, error, ctx }) {
    const sessionError = describeError(error, ctx?.requestId);
    return { ...shape, message: sessionError.message, data: { ...shape.data, sessionError } };
  },
});

export const { router, createCallerFactory } = t;

/** The base of every procedure: it runs the hook, and gives errors their codes of `TRPC_CODES`. */
export const procedure = t.procedure.use(async ({ next, ctx, path, type }) => {
  const { hook, requestId, traceparent, answerLength } = ctx;
  const refusal = writeRefusal(ctx, type);
  let result: Awaited<ReturnType<typeof next>> | undefined;
  if (hook) {
    await hook({ path, type, requestId, traceparent }, async () => {
      if (refusal) return outcomeOf(refusal);
      result = await next();
      return result.ok ? "ok" : outcomeOf(result.error);
    });
  }
  if (refusal) throw refusal;
  // A hook that does not call `next` must not make the call vanish.
  result ??= await next();
  if (!result.ok) throw toTrpcError(result.error);
  try {
    // A mutation has been carried out, and is answered whatever its length.
    if (type === "query") answerLength?.add(result.data);
  } catch (error) {
    throw toTrpcError(error);
  }
  return result;
});
