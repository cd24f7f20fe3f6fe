import autocannon from "autocannon";

export interface Load {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly method: "GET" | "POST";
  /** Makes the body of each request. */
  readonly body?: () => string;
}

/** Sends requests over so many connections. Whatever is not answered with 200 is a mistake of the measurement. */
export async function load({ url, connections, seconds, method, body }: Load) {
  const headers = { "content-type": "application/json" };
  const { errors, non2xx, requests, duration } = await autocannon({
    url,
    connections,
    duration: seconds,
    ...(body && {
      requests: [{ method, headers, setupRequest: (request) => ({ ...request, body: body() }) }],
    }),
  });
  if (errors > 0 || non2xx > 0) throw new Error(`${url}: ${errors} errors, ${non2xx} refusals`);
  return { operations: requests.total, seconds: duration };
}
