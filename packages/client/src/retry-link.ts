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
import { type Ask, type Doubt, type NextStep, type RetryPlan, retryPlanOf } from "./retry-policy.ts";
import { SeenSessions } from "./seen-sessions.ts";
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
 * Retries idempotent calls, with exponential back-off, while the server is busy or cannot be reached. A call
 * that may have been carried out is sent again on the condition that it undoes nothing that others have done
 * since. When that cannot be known, and when the answer to any other call is lost, the error says that the
 * outcome is unknown.
 *
 * @param retryForMs for how long, in milliseconds; at least once more where no answer came.
 */
export function retryLink(retryForMs: number): TRPCLink<AppRouter> {
  const seen = new SeenSessions();
  return () =>
    ({ op, next }) =>
      observable((observer) => {
        const given = new AbortController();
        const stop = () => given.abort(op.signal?.reason);
        if (op.signal?.aborted) stop();
        else op.signal?.addEventListener("abort", stop);
        const retryFor = op.context["retry"] === false ? 0 : retryForMs;
        new RetriedCall({ ...op, signal: given.signal }, next, retryFor, seen)
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
  readonly #seen: SeenSessions;
  /** Time in which the machine sleeps does not count. */
  readonly #started = performance.now();
  /** The answer to an attempt was lost, so that it may have been carried out. */
  #inDoubt = false;

  constructor(op: Operation, next: Next, retryForMs: number, seen: SeenSessions) {
    this.#op = op;
    this.#next = next;
    this.#retryForMs = retryForMs;
    this.#seen = seen;
  }

  async run(): Promise<Envelope> {
    const { type, path, input: given, signal } = this.#op;
    const plan = retryPlanOf(type, path, given);
    const seen = this.#seen.get(idOf(plan.input));
    let { input } = plan;
    for (let failures = 0; ; failures++) {
      try {
        const envelope = await once(this.#next, { ...this.#op, input });
        this.#seen.note(path, input, dataOf(envelope));
        return envelope;
      } catch (error) {
        if (!(error instanceof TRPCClientError)) throw error;
        const failure = failureOf(error);
        if (failure === "lost") this.#inDoubt = true;
        const isRefused = failure === null && isConditionMissed(error, input, plan.input);
        if (failure === null && !isRefused) throw error;
        await this.#pause(error, failures, plan, signal);
        if (!this.#inDoubt || !plan.inDoubt) continue;
        const step = await this.#nextStep(plan, { seen, isRefused }, error);
        if ("answer" in step) return { result: { type: "data", data: step.answer } };
        ({ input } = step);
      }
    }
  }

  /** @throws the last error, once there is no time left. */
  async #pause(
    error: TRPCClientError<AppRouter>,
    failures: number,
    { retryable }: RetryPlan,
    signal: Operation["signal"],
  ): Promise<void> {
    const delayMs = Math.max(backoffMs(failures, FIRST_RETRY_MS, MAX_RETRY_MS), retryAfterMs(error));
    const isOver = performance.now() - this.#started + delayMs > this.#retryForMs;
    // An attempt may take longer than all of the time for retries.
    const isFirstTimeout = failures === 0 && this.#retryForMs > 0 && delayMs <= this.#retryForMs;
    if (!retryable || (isOver && !isFirstTimeout)) throw this.#finalError(error);
    await pause(delayMs, signal);
  }

  /** What follows an attempt whose answer was lost. @throws that its outcome is unknown. */
  async #nextStep(
    { inDoubt }: RetryPlan,
    doubt: Doubt,
    error: TRPCClientError<AppRouter>,
  ): Promise<Exclude<NextStep, "unknown">> {
    const ask: Ask = async (path, input) => {
      const call = { ...this.#op, type: "query" as const, path, input };
      // With retries of its own, and what is left of the time.
      const left = Math.max(0, this.#retryForMs - (performance.now() - this.#started));
      return dataOf(await new RetriedCall(call, this.#next, left, this.#seen).run()) as never;
    };
    const step = (await inDoubt?.(ask, doubt).catch(() => "unknown" as const)) ?? "unknown";
    if (step === "unknown") throw this.#finalError(error);
    return step;
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

/** Was the call refused because of a condition that only the retry has? */
function isConditionMissed(error: TRPCClientError<AppRouter>, sent: unknown, given: unknown): boolean {
  const refusal = fromServer(error.data);
  return sent !== given && refusal?.code === "conflict" && refusal.details.entryId === undefined;
}

function idOf(input: unknown): unknown {
  return typeof input === "object" && input !== null && "id" in input ? input.id : undefined;
}

function dataOf({ result }: Envelope): unknown {
  return "data" in result ? result.data : undefined;
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
