import { type AnyProcedure, getTRPCErrorFromUnknown, TRPCError } from "@trpc/server";
import type { ApiContext } from "../context.ts";
import { outcomeOf, toTrpcError } from "../errors.ts";
import { writeRefusal } from "../write-refusal.ts";

interface Call {
  readonly path: string;
  readonly ctx: ApiContext;
  /** Parses the input; called once. */
  readonly rawInput: () => unknown;
  /** Ends a subscription. */
  readonly signal?: AbortSignal | undefined;
}

/** What a procedure consists of, besides the middleware that all have; see `procedure` in `trpc.ts`. */
interface Parts {
  readonly input: { parse(raw: unknown): unknown } | undefined;
  readonly resolver: (call: object) => unknown;
}

/**
 * Calls a procedure as tRPC does: the hook around its input and its resolver, and errors with their codes.
 * But tRPC runs a chain of middlewares and copies the call for each of them, which takes 26 us for a small
 * query, this 5 us.
 *
 * It reads internals of tRPC (`_def.inputs`, `_def.resolver`, `_def.middlewares`), written for @trpc/server
 * 11.25.2, the version that pnpm-workspace.yaml pins. Where they look different, `partsOf` gives `null` and
 * tRPC runs the procedure itself. Two tests guard it: packages/router/test/fast-path.test.ts that every
 * procedure still takes this path, and apps/api/test/direct-call.test.ts that both paths answer the same
 * bytes
 *
 * @throws {TRPCError} what the procedure fails with
 */
export async function runProcedure(procedure: AnyProcedure, call: Call): Promise<unknown> {
  const { type } = procedure._def;
  const { path, ctx, rawInput, signal } = call;
  const parts = partsOf(procedure);
  if (parts === null) {
    return procedure({ path, type, ctx, getRawInput: async () => rawInput(), signal, batchIndex: 0 });
  }
  const { hook, requestId, traceparent } = ctx;
  let ended = false;
  let data: unknown;
  let error: TRPCError | undefined;
  const next = async () => {
    try {
      const refusal = writeRefusal(ctx, type);
      if (refusal) throw refusal;
      data = await parts.resolver({ path, type, ctx, signal, input: checked(parts, rawInput()) });
    } catch (cause) {
      error = getTRPCErrorFromUnknown(cause);
    }
    ended = true;
    return error ? outcomeOf(error) : "ok";
  };
  if (hook) await hook({ path, type, requestId, traceparent }, next);
  // A hook that does not call `next` must not suppress the call.
  if (!ended) await next();
  if (error) throw toTrpcError(error);
  return data;
}

function checked({ input }: Parts, raw: unknown): unknown {
  if (input === undefined) return raw;
  try {
    return input.parse(raw);
  } catch (cause) {
    throw new TRPCError({ code: "BAD_REQUEST", cause });
  }
}

/**
 * `null` where this version of tRPC has them in another form, or there are more middlewares: then tRPC has to
 * run it.
 */
export function partsOf(procedure: AnyProcedure): Parts | null {
  const { inputs, resolver, middlewares, output } = procedure._def as {
    inputs?: unknown;
    resolver?: unknown;
    middlewares?: unknown;
    output?: unknown;
  };
  if (typeof resolver !== "function" || output !== undefined) return null;
  if (!Array.isArray(inputs) || inputs.length > 1 || !Array.isArray(middlewares)) return null;
  const [input] = inputs as Parts["input"][];
  // The middleware of every procedure, one for the input, and the resolver.
  if (middlewares.length !== inputs.length + 2 || (input && typeof input.parse !== "function")) return null;
  return { input, resolver: resolver as Parts["resolver"] };
}
