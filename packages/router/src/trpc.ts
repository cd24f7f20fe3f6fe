import { initTRPC } from "@trpc/server";
import type { ApiContext } from "./context.ts";
import { describeError, outcomeOf, toTrpcError } from "./errors.ts";

/** How long a subscription may be silent before the server says that it is still there, in milliseconds. */
const PING_MS = 15_000;

/**
 * Everything that goes over the wire is plain JSON already. Naming that keeps the types of core as they are.
 */
const plainJson = {
  serialize: (value: unknown) => value,
  deserialize: (value: unknown) => value,
};

const t = initTRPC.context<ApiContext>().create({
  // Never a stack: what it shows belongs into the log.
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

/** Every path is built on this one: errors leave it with the code they have in `TRPC_CODES`. */
export const procedure = t.procedure.use(async ({ next, ctx, path, type }) => {
  const { hook, requestId, traceparent } = ctx;
  let result: Awaited<ReturnType<typeof next>> | undefined;
  if (hook) {
    await hook({ path, type, requestId, traceparent }, async () => {
      result = await next();
      return result.ok ? "ok" : outcomeOf(result.error);
    });
  }
  // A hook that does not call `next` must not make the call vanish.
  result ??= await next();
  if (!result.ok) throw toTrpcError(result.error);
  return result;
});
