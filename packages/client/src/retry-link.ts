import { SessionError } from "@thulp-sessions/core";
import { backoffMs } from "@thulp-sessions/core/store";
import type { AppRouter } from "@thulp-sessions/router";
import {
  type Operation,
  type OperationLink,
  type OperationResultEnvelope,
  TRPCClientError,
  type TRPCLink,
} from "@trpc/client";
import { observable } from "@trpc/server/observable";
import { ConnectionError } from "./connection-error.ts";
import { pause } from "./pause.ts";
import { type Ask, type ResolveInDoubt, retryPlanOf } from "./retry-policy.ts";
import { fromServer } from "./session-error.ts";

type Envelope = OperationResultEnvelope<unknown, TRPCClientError<AppRouter>>;
type Next = Parameters<OperationLink<AppRouter>>[0]["next"];

/**
 * Why there is no answer: the server is busy, the call has not reached it, or the answer was lost on its way.
 */
type Failure = "busy" | "unreached" | "lost";

/** The wait before the first retry, and the longest one, in milliseconds. */
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5000;

/** Put into the `context` of a call that has to fail at the first failure. */
export const NO_RETRY = { retry: false };

/**
 * Retries idempotent calls, with exponential back-off, while the server is busy or cannot be reached. When
 * the answer to any other call is lost, the error says that its outcome is unknown.
 *
 * @param retryForMs for how long, in milliseconds.
 */
export function retryLink(retryForMs: number): TRPCLink<AppRouter> {
  return () =>
    ({ op, next }) =>
      observable((observer) => {
        const given = new AbortController();
        const stop = () => given.abort(op.signal?.reason);
        if (op.signal?.aborted) stop();
        else op.signal?.addEventListener("abort", stop);
        new RetriedCall({ ...op, signal: given.signal }, next, op.context["retry"] === false ? 0 : retryForMs)
          .run()
          .then(
            (envelope) => {
              observer.next(envelope);
              observer.complete();
            },
            (error) => observer.error(error),
          )
          .finally(() => op.signal?.removeEventListener("abort", stop));
        return stop;
      });
}

class RetriedCall {
  readonly #op: Operation;
  readonly #next: Next;
  readonly #retryForMs: number;
  readonly #started = Date.now();
  /** The answer to an attempt was lost, so that it may have been carried out. */
  #inDoubt = false;

  constructor(op: Operation, next: Next, retryForMs: number) {
    this.#op = op;
    this.#next = next;
    this.#retryForMs = retryForMs;
  }

  async run(): Promise<Envelope> {
    const { type, path, input: given, signal } = this.#op;
    const { input, retryable, resolveInDoubt } = retryPlanOf(type, path, given);
    for (let failures = 0; ; failures++) {
      try {
        return await once(this.#next, { ...this.#op, input });
      } catch (error) {
        if (!(error instanceof TRPCClientError)) throw error;
        const failure = failureOf(error);
        if (failure === "lost") this.#inDoubt = true;
        if (failure === null) {
          const answer = await this.#resolveInDoubt(error, resolveInDoubt);
          if (answer) return answer;
          throw error;
        }
        const delayMs = Math.max(backoffMs(failures, FIRST_RETRY_MS, MAX_RETRY_MS), retryAfterMs(error));
        if (!retryable || Date.now() - this.#started + delayMs > this.#retryForMs)
          throw this.#finalError(error);
        await pause(delayMs, signal);
      }
    }
  }

  /** The server says that there is one already: is it the one that an earlier attempt has created? */
  async #resolveInDoubt(
    error: TRPCClientError<AppRouter>,
    resolveInDoubt: ResolveInDoubt | undefined,
  ): Promise<Envelope | null> {
    if (!this.#inDoubt || !resolveInDoubt || fromServer(error.data)?.code !== "already_exists") return null;
    const ask: Ask = async (path, input) => {
      const call = { ...this.#op, type: "query" as const, path, input };
      const { result } = await once(this.#next, call);
      return (result as { data: never }).data;
    };
    // Deleted or unreadable by now: then the refusal of the server is the answer.
    const data = await resolveInDoubt(ask).catch(() => null);
    return data === null ? null : { result: { type: "data", data } };
  }

  #finalError(error: TRPCClientError<AppRouter>): TRPCClientError<AppRouter> {
    const { type, path } = this.#op;
    if (type === "query" || !this.#inDoubt) return error;
    return TRPCClientError.from<AppRouter>(
      new SessionError(
        "io",
        `${error.message} Whether ${path} was done is unknown: look before you do it again.`,
        { cause: error, details: { outcome: "unknown" } },
      ),
    );
  }
}

function once(next: Next, op: Operation): Promise<Envelope> {
  return new Promise((resolve, reject) => {
    next(op).subscribe({ next: resolve, error: reject });
  });
}

function failureOf(error: TRPCClientError<AppRouter>): Failure | null {
  if (error.cause instanceof ConnectionError) return error.cause.sent ? "lost" : "unreached";
  // A server that is shutting down refuses before it does anything, like a busy one.
  const code = fromServer(error.data)?.code;
  return code === "busy" || code === "closed" ? "busy" : null;
}

/** A longer `retry-after` header of the server is cut to this. */
const MAX_RETRY_AFTER_S = 60;

function retryAfterMs({ meta }: TRPCClientError<AppRouter>): number {
  const response = meta?.["response"];
  const seconds = response instanceof Response ? Number(response.headers.get("retry-after")) : 0;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_S) * 1000 : 0;
}
