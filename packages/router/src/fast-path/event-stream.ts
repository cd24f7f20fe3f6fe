import type { StoredEntry } from "@thulp-sessions/core";
import {
  type AnyProcedure,
  getTRPCErrorFromUnknown,
  getTRPCErrorShape,
  isTrackedEnvelope,
} from "@trpc/server";
import type { ApiContext } from "../context.ts";
import { appRouter } from "../router.ts";
import { runProcedure } from "./run-procedure.ts";
import { parseInput } from "./single-call.ts";

/** A subscription in a request of its own. */
export interface StreamCall {
  readonly path: string;
  /** It has to be a subscription. */
  readonly procedure: AnyProcedure;
  /** The input as JSON; empty or `null` for none. */
  readonly input: string | null;
  /** The id of the last event that the client has received. */
  readonly lastEventId: string | null;
  readonly ctx: ApiContext;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Sends a part of the answer; gives a promise when the reader has to catch up first. */
  readonly write: (text: string) => Promise<void> | undefined;
  readonly onError: (error: unknown) => void;
}

/** The headers of the answer, in addition to those of every answer. */
export const EVENT_STREAM_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
  connection: "keep-alive",
};

const { sse } = appRouter._def._config;
const PING_MS = sse?.ping?.intervalMs ?? 15_000;
const CONNECTED = frame("connected", JSON.stringify(sse?.client ?? {}));
const PING = frame("ping", "");
const RETURN = frame("return", "");

/**
 * Answers a subscription with server-sent events, without the streams between tRPC and `node:http`, which
 * cost many times as much as an event. It sends the same bytes as tRPC's `resolveResponse`;
 * apps/api/test/direct-call.test.ts compares the two.
 */
export async function streamEvents(call: StreamCall): Promise<void> {
  const { path, ctx, signal, write } = call;
  let input: unknown;
  let ping: ReturnType<typeof setTimeout> | undefined;
  const beat = () => {
    clearTimeout(ping);
    ping = setTimeout(() => {
      // A reader that is behind knows anyway that the server is there.
      write(PING)?.catch(() => {});
      beat();
    }, PING_MS);
  };
  try {
    await write(CONNECTED);
    beat();
    const rawInput = () => {
      input = withLastEventId(parseInput(call.input), call.lastEventId);
      return input;
    };
    const events = (await runProcedure(call.procedure, {
      path,
      ctx,
      rawInput,
      signal,
    })) as AsyncIterable<unknown>;
    let lastEventId =
      call.lastEventId !== null && !/[\0\n\r]/.test(call.lastEventId) ? call.lastEventId : null;
    for await (const event of events) {
      if (signal.aborted) return;
      if (isTrackedEnvelope(event)) {
        const [id, data] = event;
        lastEventId = id;
        await write(`data: ${dataOf(data)}\nid: ${id}\n\n\n`);
      } else if (lastEventId === null) await write(`data: ${dataOf(event)}\n\n\n`);
      else
        await write(`data: ${dataOf(event)}\nid: \n\n\nevent: restore-id\ndata: \nid: ${lastEventId}\n\n\n`);
      beat();
    }
    if (!signal.aborted) await write(RETURN);
  } catch (cause) {
    if (signal.aborted) return;
    const error = getTRPCErrorFromUnknown(cause);
    call.onError(error);
    const config = appRouter._def._config;
    const shape = getTRPCErrorShape({ config, error, type: "subscription", path, input, ctx });
    await write(frame("serialized-error", JSON.stringify(shape)));
  } finally {
    clearTimeout(ping);
  }
}

function frame(event: string, data: string): string {
  return `event: ${event}\ndata: ${data}\n\n\n`;
}

/**
 * All followers of a session get the same frozen entries, whose JSON is made once.
 */
const texts = new WeakMap<StoredEntry, string>();

function dataOf(data: unknown): string {
  const entry = entryIn(data);
  if (entry === null) return JSON.stringify(data);
  let text = texts.get(entry);
  if (text === undefined) {
    text = JSON.stringify(data);
    texts.set(entry, text);
  }
  return text;
}

/** The entry of an `entry` event. */
function entryIn(data: unknown): StoredEntry | null {
  const event = data as { type?: unknown; entry?: StoredEntry };
  return event.type === "entry" && event.entry && Object.isFrozen(event.entry) ? event.entry : null;
}

function withLastEventId(input: unknown, lastEventId: string | null): unknown {
  if (!lastEventId) return input;
  if (typeof input === "object" && input !== null && !Array.isArray(input)) return { ...input, lastEventId };
  return input ?? { lastEventId };
}
