import autocannon from "autocannon";

export interface Load {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly method: "GET" | "POST";
  /** The bodies, by turns. */
  readonly bodies?: readonly string[];
}

/** Sends requests over so many connections. Any answer but 200 fails the measurement. */
export async function load({ url, connections, seconds, method, bodies }: Load) {
  const headers = { "content-type": "application/json" };
  const { errors, non2xx, requests, duration, latency } = await autocannon({
    url,
    connections,
    duration: seconds,
    ...(bodies && { requests: bodies.map((body) => ({ method, headers, body })) }),
  });
  if (errors > 0 || non2xx > 0) throw new Error(`${url}: ${errors} errors, ${non2xx} refusals`);
  return { operations: requests.total, seconds: duration, p50Ms: latency.p50, p99Ms: latency.p99 };
}
