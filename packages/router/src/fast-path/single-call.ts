import { SessionError } from "@thulp-sessions/core";
import { type AnyProcedure, getTRPCErrorFromUnknown, getTRPCErrorShape, TRPCError } from "@trpc/server";
import { getHTTPStatusCode } from "@trpc/server/http";
import type { ApiContext } from "../context.ts";
import { toTrpcError } from "../errors.ts";
import { appRouter } from "../router.ts";
import { runProcedure } from "./run-procedure.ts";

/** A query or mutation in a request of its own. */
export interface SingleCall {
  readonly path: string;
  /** It has to be a query or a mutation. */
  readonly procedure: AnyProcedure;
  /** The input as JSON; empty or `null` for none. */
  readonly input: string | null;
  readonly ctx: ApiContext;
}

/** The answer to a single call. */
export interface SingleAnswer {
  readonly status: number;
  readonly body: string;
  /** Why the call failed, for the log; the body has it already. `null` when it succeeded. */
  readonly error: TRPCError | null;
}

/**
 * Answers one call without the Request, Response and streams of tRPC's adapters, which cost several times as
 * much as the call itself. It gives the same bytes as tRPC's `resolveResponse`;
 * apps/api/test/direct-call.test.ts compares the two over thousands of calls.
 */
export async function answerSingleCall({ path, procedure, input, ctx }: SingleCall): Promise<SingleAnswer> {
  const { type } = procedure._def;
  let parsed: unknown;
  try {
    const data = await runProcedure(procedure, {
      path,
      ctx,
      rawInput: () => {
        parsed = parseInput(input);
        return parsed;
      },
    });
    return { status: 200, body: answerText(data), error: null };
  } catch (cause) {
    const error = getTRPCErrorFromUnknown(cause);
    const shape = getTRPCErrorShape({
      config: appRouter._def._config,
      error,
      type,
      path,
      input: parsed,
      ctx,
    });
    const answer = { error: shape };
    return { status: getHTTPStatusCode(answer, [error]), body: JSON.stringify(answer), error };
  }
}

/** @throws {SessionError} unsupported for what is longer than a string can be. */
function answerText(data: unknown): string {
  try {
    return JSON.stringify({ result: { data } });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw toTrpcError(new SessionError("unsupported", "The answer is longer than can be sent.", { cause }));
  }
}

/** @throws {TRPCError} BAD_REQUEST for what is not JSON. */
export function parseInput(input: string | null): unknown {
  if (!input) return undefined;
  try {
    return JSON.parse(input);
  } catch (cause) {
    throw new TRPCError({ code: "BAD_REQUEST", message: (cause as Error).message, cause });
  }
}
