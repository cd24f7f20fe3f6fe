import type { IncomingMessage } from "node:http";
import { procedureAt, type SingleCall } from "@thulp-sessions/router";
import type { Parameters } from "./parameters.ts";

/** Paths as every client sends them; what is encoded or broken is the stock way's to make sense of. */
const PLAIN_PATH = /^[A-Za-z0-9.]+$/;

/** Parameters that change how a request is understood. */
const OTHER_WAYS = ["batch", "connectionParams"];

/**
 * The one call of a request that needs nothing of tRPC's adapters: a procedure that is there, asked for by a
 * method that it takes, alone, in JSON. `null` for everything else, right or wrong: that goes the stock way.
 */
export function fastPath(
  request: IncomingMessage,
  path: string,
  parameters: Parameters | null,
): Pick<SingleCall, "path" | "procedure"> | null {
  const { method, headers } = request;
  if (!PLAIN_PATH.test(path)) return null;
  const procedure = procedureAt(path);
  if (procedure === undefined || (procedure._def.type === "mutation" && method !== "POST")) return null;
  // A GET that claims a type of body is refused, or is taken for one with that body.
  if (method === "GET" && headers["content-type"] !== undefined) return null;
  // What `accept` says matters only to batches that are streamed.
  if (headers["trpc-accept"] !== undefined || headers.accept?.includes("application/jsonl")) return null;
  if (parameters && OTHER_WAYS.some((name) => parameters.has(name))) return null;
  return { path, procedure };
}
