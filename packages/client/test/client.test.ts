import { SessionError } from "@thulp-sessions/core";
import { TRPCClientError } from "@trpc/client";
import { describe, expect, it } from "vitest";
import { createClient, type Fetch, openRemoteStore, sessionErrorOf } from "../src/index.ts";

const ID = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";
const URL_OF_SERVER = "http://127.0.0.1:4664";

function clientOver(fetch: Fetch, token?: string) {
  return createClient({ url: URL_OF_SERVER, token, fetch, retryForMs: 0 });
}

/** Answers every call alike. */
function answering(status: number, body: string, type = "application/json"): Fetch {
  return async () => new Response(body, { status, headers: { "content-type": type } });
}

async function errorOf(call: Promise<unknown>): Promise<SessionError | undefined> {
  const error = await call.then(
    () => undefined,
    (each) => each,
  );
  expect(error).toBeInstanceOf(TRPCClientError);
  return sessionErrorOf(error);
}

describe("the URL of the server", () => {
  it.each(["http://127.0.0.1:4664", "http://127.0.0.1:4664/", "HTTP://127.0.0.1:4664//"])(
    "%s is its root",
    async (url) => {
      const urls: unknown[] = [];
      const client = createClient({
        url,
        fetch: async (input) => {
          urls.push(input);
          return new Response("{}", { headers: { "content-type": "application/json" } });
        },
      });
      await client.sessions.delete.mutate({ id: ID }).catch(() => {});
      expect(urls).toEqual(["http://127.0.0.1:4664/trpc/sessions.delete"]);
    },
  );

  it.each([
    ["", "is not the URL of a server"],
    ["127.0.0.1:4664", "is not the URL of a server"],
    ["sqlite:x.db", "is not the URL of a server"],
    ["ws://127.0.0.1", "is not the URL of a server"],
    ["http://127.0.0.1?x=1", "a query or a fragment"],
    ["http://127.0.0.1/#x", "a query or a fragment"],
    ["http://me:s3cret@127.0.0.1", "holds credentials"],
  ])("%j is refused", async (url, reason) => {
    const refused = expect.objectContaining({
      code: "invalid_input",
      message: expect.stringContaining(reason),
    });
    expect(() => createClient({ url })).toThrow(refused);
    expect(() => createClient({ url })).not.toThrow(/s3cret/);
    await expect(openRemoteStore({ url })).rejects.toEqual(refused);
  });

  it("comes with a token that a header can carry, or with none", () => {
    for (const token of ["", "a b", "a\nb", "ü"]) {
      expect(() => createClient({ url: URL_OF_SERVER, token })).toThrow(/token: expected visible ASCII/);
    }
  });
});

describe("sessionErrorOf", () => {
  const sent = { code: "conflict", message: "changed", details: { sessionId: ID, currentVersion: "7" } };
  const body = (sessionError: unknown) =>
    JSON.stringify({
      error: { message: "m", code: -32009, data: { code: "CONFLICT", httpStatus: 409, sessionError } },
    });

  it("gives the server's error back", async () => {
    const error = await errorOf(clientOver(answering(409, body(sent))).sessions.delete.mutate({ id: ID }));
    expect(error).toBeInstanceOf(SessionError);
    expect(error).toMatchObject(sent);
    expect(error?.cause).toBeInstanceOf(TRPCClientError);
  });

  it("gives it back for each call of a refused batch", async () => {
    const client = clientOver(answering(409, body(sent)));
    const errors = await Promise.all([
      errorOf(client.server.info.query()),
      errorOf(client.sessions.count.query()),
    ]);
    for (const error of errors) expect(error).toMatchObject(sent);
  });

  it("takes the code of a newer server for one that is not supported here", async () => {
    const newer = { ...sent, code: "melted" };
    const error = await errorOf(clientOver(answering(409, body(newer))).sessions.delete.mutate({ id: ID }));
    expect(error).toMatchObject({ code: "unsupported", message: "changed" });
  });

  it.each<[string, Fetch, RegExp]>([
    [
      "a connection that is refused",
      () =>
        Promise.reject(
          new TypeError("fetch failed", {
            cause: Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }),
          }),
        ),
      /^Cannot reach the server http:\/\/127\.0\.0\.1:4664: connect ECONNREFUSED\.$/,
    ],
    [
      "a browser that tells no reason",
      () => Promise.reject(new TypeError("Failed to fetch")),
      /: Failed to fetch\./,
    ],
    [
      "a proxy's page",
      answering(502, "<html>", "text/html"),
      /^http:\/\/127\.0\.0\.1:4664 answered with status 502 and not as/,
    ],
    ["an empty answer", answering(200, "", ""), /and not as a thulp-sessions server/],
    ["JSON of another server", answering(200, '{"hello":1}'), /./],
    ["JSON that is cut off", answering(200, '{"result":'), /./],
    ["an error of another server", answering(404, '{"error":{"message":"nope","code":-1}}'), /nope/],
  ])("is io for %s", async (_, fetch, message) => {
    const client = clientOver(fetch);
    for (const call of [() => client.server.info.query(), () => client.sessions.delete.mutate({ id: ID })]) {
      expect(await errorOf(call())).toMatchObject({ code: "io", message: expect.stringMatching(message) });
    }
    await expect(openRemoteStore({ url: URL_OF_SERVER, fetch })).rejects.toMatchObject({ code: "io" });
  });

  it("knows nothing of errors that are none of the client's", () => {
    expect(sessionErrorOf(new Error("x"))).toBeUndefined();
    expect(sessionErrorOf("x")).toBeUndefined();
    const own = new SessionError("busy", "wait");
    expect(sessionErrorOf(own)).toBe(own);
  });
});

describe("a subscription", () => {
  function subscribe(fetch: Fetch) {
    return new Promise<{ error: SessionError | undefined; tries: number }>((resolve) => {
      let tries = 0;
      const counting: Fetch = (input, init) => {
        tries++;
        return fetch(input, init);
      };
      const client = clientOver(counting, "t0ken");
      const subscription = client.sessions.watch.subscribe(undefined, {
        onConnectionStateChange({ error }) {
          if (!error) return;
          subscription.unsubscribe();
          resolve({ error: sessionErrorOf(error), tries });
        },
        onError: (error) => resolve({ error: sessionErrorOf(error), tries }),
      });
    });
  }

  it("sends the token in a header, never in the URL", async () => {
    const seen: [string, string | null][] = [];
    await subscribe(async (input, init) => {
      seen.push([String(input), new Headers(init?.headers).get("authorization")]);
      return new Response("{}", { status: 401 });
    });
    expect(seen).toEqual([[`${URL_OF_SERVER}/trpc/sessions.watch`, "Bearer t0ken"]]);
  });

  it("ends with the server's words when it is refused", async () => {
    const data = { sessionError: { code: "invalid_input", message: "This server wants a bearer token." } };
    const body = JSON.stringify({ error: { message: "m", code: -32001, data } });
    expect(await subscribe(answering(401, body))).toMatchObject({
      tries: 1,
      error: { code: "invalid_input", message: "This server wants a bearer token." },
    });
  });

  it("tells why it is trying again: no server, a busy one, one that is none of ours", async () => {
    const unreachable: Fetch = () =>
      Promise.reject(new TypeError("fetch failed", { cause: new Error("ECONNREFUSED") }));
    expect((await subscribe(unreachable)).error).toMatchObject({
      code: "io",
      message: expect.stringMatching(/ECONNREFUSED/),
    });
    const data = { sessionError: { code: "busy", message: "wait" } };
    const busy = answering(503, JSON.stringify({ error: { message: "m", code: -32603, data } }));
    expect((await subscribe(busy)).error).toMatchObject({ code: "busy", message: "wait" });
    expect((await subscribe(answering(200, "<html>", "text/html"))).error).toMatchObject({ code: "io" });
  });
});
