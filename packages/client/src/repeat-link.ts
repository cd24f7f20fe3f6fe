import { SessionError } from "@thulp-sessions/core";
import type { AppRouter } from "@thulp-sessions/router";
import {
  type Operation,
  type OperationLink,
  type OperationResultEnvelope,
  TRPCClientError,
  type TRPCLink,
} from "@trpc/client";
import { observable } from "@trpc/server/observable";
import { backoffMs, pause } from "./backoff.ts";
import { ConnectionError } from "./connection-error.ts";
import { type Ask, planOf } from "./repeatable.ts";
import { fromServer } from "./session-error.ts";

type Envelope = OperationResultEnvelope<unknown, TRPCClientError<AppRouter>>;
type Next = Parameters<OperationLink<AppRouter>>[0]["next"];

/** What an answer was not got for: the server asks for time, it was never reached, or it was lost on the way. */
type Failure = "busy" | "unreached" | "lost";

/**
 * Repeats what may be repeated, ever more slowly, while the server is busy or cannot be reached. Of anything else whose
 * answer is lost it says that the outcome is unknown.
 *
 * @param retryForMs for how long.
 */
export function repeatLink(retryForMs: number): TRPCLink<AppRouter> {
  return () =>
    ({ op, next }) =>
      observable((observer) => {
        const given = new AbortController();
        const stop = () => given.abort(op.signal?.reason);
        if (op.signal?.aborted) stop();
        else op.signal?.addEventListener("abort", stop);
        new Repeater({ ...op, signal: given.signal }, next, op.context["repeat"] === false ? 0 : retryForMs)
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

class Repeater {
  readonly #op: Operation;
  readonly #next: Next;
  readonly #retryForMs: number;
  readonly #started = Date.now();
  /** One of the tries may have been carried out. */
  #doubtful = false;

  constructor(op: Operation, next: Next, retryForMs: number) {
    this.#op = op;
    this.#next = next;
    this.#retryForMs = retryForMs;
  }

  async run(): Promise<Envelope> {
    const { type, path, input: given, signal } = this.#op;
    const { input, repeatable, settle } = planOf(type, path, given);
    for (let failures = 0; ; failures++) {
      try {
        return await once(this.#next, { ...this.#op, input });
      } catch (error) {
        if (!(error instanceof TRPCClientError)) throw error;
        const failure = failureOf(error);
        if (failure === "lost") this.#doubtful = true;
        if (failure === null) {
          const found = await this.#settled(error, settle);
          if (found) return found;
          throw error;
        }
        const delayMs = Math.max(backoffMs(failures), retryAfterMs(error));
        if (!repeatable || Date.now() - this.#started + delayMs > this.#retryForMs)
          throw this.#lastWord(error);
        await pause(delayMs, signal);
      }
    }
  }

  /** There is one already: is it the one that an earlier try has made? */
  async #settled(
    error: TRPCClientError<AppRouter>,
    settle: ReturnType<typeof planOf>["settle"],
  ): Promise<Envelope | null> {
    if (!this.#doubtful || !settle || fromServer(error.data)?.code !== "already_exists") return null;
    const ask: Ask = async (path, input) => {
      const call = { ...this.#op, type: "query" as const, path, input };
      const { result } = await once(this.#next, call);
      return (result as { data: never }).data;
    };
    // Gone or unreadable by now: then what the server has said stands.
    const data = await settle(ask).catch(() => null);
    return data === null ? null : { result: { type: "data", data } };
  }

  #lastWord(error: TRPCClientError<AppRouter>): TRPCClientError<AppRouter> {
    const { type, path } = this.#op;
    if (type === "query" || !this.#doubtful) return error;
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
  // A server that is stopping refuses before it does anything, as one that is busy.
  const code = fromServer(error.data)?.code;
  return code === "busy" || code === "closed" ? "busy" : null;
}

/** Longer than that nobody is made to wait. */
const MAX_RETRY_AFTER_S = 60;

function retryAfterMs({ meta }: TRPCClientError<AppRouter>): number {
  const response = meta?.["response"];
  const seconds = response instanceof Response ? Number(response.headers.get("retry-after")) : 0;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_S) * 1000 : 0;
}
