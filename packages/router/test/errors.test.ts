import { SESSION_ERROR_CODES, SessionError } from "@thulp-sessions/core";
import { invalidInput } from "@thulp-sessions/core/store";
import { getTRPCErrorShape, TRPCError } from "@trpc/server";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import { describe, expect, it } from "vitest";
import { describeError, isInternal } from "../src/errors.ts";
import { appRouter, errorBody, failureOf, HttpError, TRPC_CODES } from "../src/index.ts";
import { CHAT, ID, openApi } from "./harness.ts";

const STATUS = {
  not_found: 404,
  already_exists: 409,
  conflict: 409,
  invalid_input: 400,
  limit_exceeded: 422,
  corrupt: 422,
  unsupported: 422,
  busy: 503,
  closed: 503,
  io: 500,
} as const;

function shapeOf(error: TRPCError) {
  const common = { type: "unknown", path: "a.b", input: undefined, ctx: undefined } as const;
  return getTRPCErrorShape({ config: appRouter._def._config, error, ...common });
}

describe("an error of ours", () => {
  it.each(SESSION_ERROR_CODES)("%s leaves a path with its code, status and details", async (code) => {
    const { api, store } = openApi();
    const thrown = new SessionError(code, "what to do", { details: { path: "/x", offset: 7 } });
    store.head = () => Promise.reject(thrown);
    const error = await api.sessions.head({ id: ID }).catch((each) => each);
    expect(error).toBeInstanceOf(TRPCError);
    expect(getHTTPStatusCodeFromError(error)).toBe(STATUS[code]);
    expect(error.code).toBe(TRPC_CODES[code]);
    const { message, data } = shapeOf(error);
    expect(message).toBe("what to do");
    expect(data.sessionError).toEqual({ code, message: "what to do", details: { path: "/x", offset: 7 } });
    expect(data.httpStatus).toBe(STATUS[code]);
    expect(JSON.stringify(shapeOf(error))).not.toContain("errors.test");
  });

  it("keeps its code when it comes out of a subscription", async () => {
    const { api } = openApi();
    const events = await api.entries.subscribe({ id: ID });
    await expect(events[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: "NOT_FOUND",
      cause: { code: "not_found" },
    });
  });
});

describe("an error that nobody foresaw", () => {
  it("tells nothing of itself", async () => {
    const { api, store } = openApi();
    store.head = () => Promise.reject(new TypeError("secret of /home/me is undefined"));
    const error = await api.sessions.head({ id: ID }).catch((each) => each);
    expect(isInternal(error)).toBe(true);
    const shape = shapeOf(error);
    expect(shape.data).toMatchObject({ httpStatus: 500, sessionError: { code: "io", details: {} } });
    expect(JSON.stringify(shape)).not.toContain("secret");
    expect(describeError(error, "r-1").message).toContain("r-1");
  });
});

describe("what tRPC refuses itself", () => {
  it("is invalid_input, but a path that is not there is no missing session", () => {
    expect(describeError(new TRPCError({ code: "NOT_FOUND", message: "m" })).code).toBe("unsupported");
    expect(describeError(new TRPCError({ code: "METHOD_NOT_SUPPORTED", message: "m" })).code).toBe(
      "invalid_input",
    );
    expect(
      describeError(new TRPCError({ code: "BAD_REQUEST", cause: new SyntaxError("at 1") })).message,
    ).toBe("The input is not valid JSON: at 1");
    expect(describeError(new TRPCError({ code: "BAD_REQUEST", cause: invalidInput("i") })).message).toBe("i");
  });
});

describe("a host that answers itself", () => {
  it("does so in the form of the router", () => {
    const refused = new HttpError(413, "too large");
    expect(failureOf(refused)).toMatchObject({ status: 413, internal: false });
    expect(JSON.parse(errorBody(refused))).toMatchObject({
      error: {
        message: "too large",
        code: -32013,
        data: { code: "PAYLOAD_TOO_LARGE", httpStatus: 413, sessionError: { code: "invalid_input" } },
      },
    });
    expect(JSON.parse(errorBody(new HttpError(404, "m"))).error.data.sessionError.code).toBe("unsupported");
    const closed = new SessionError("closed", "stopping");
    expect(failureOf(closed)).toEqual({ status: 503, internal: false, cause: closed });
    expect(JSON.parse(errorBody(closed)).error.data).toMatchObject({
      httpStatus: 503,
      sessionError: { code: "closed" },
    });
    const unforeseen = new RangeError("inner workings");
    expect(failureOf(unforeseen)).toEqual({ status: 500, internal: true, cause: unforeseen });
    expect(errorBody(unforeseen, "r-7")).toMatch(/^(?!.*inner workings).*r-7/);
  });
});

describe("wrong input", () => {
  const create = { name: "a", sessionType: CHAT };
  it.each<[string, (api: ReturnType<typeof openApi>["api"]) => Promise<unknown>, string]>([
    ["an id that is none", (api) => api.sessions.get({ id: "../etc" }), "id"],
    ["an id of 1 MB", (api) => api.sessions.get({ id: "a".repeat(1e6) }), "id"],
    ["an unknown key", (api) => api.sessions.get({ id: ID, x: 1 } as never), "input"],
    ["no input", (api) => api.sessions.get(undefined as never), "input"],
    ["a wrong type", (api) => api.sessions.create({ ...create, name: 1 } as never), "name"],
    ["a wrong tag", (api) => api.sessions.create({ ...create, tags: [1] } as never), "tags[0]"],
    [
      "an entry without a type",
      (api) => api.entries.append({ id: ID, entries: [{}] } as never),
      "entries[0].entryType",
    ],
    [
      "an entry that is null",
      (api) => api.entries.append({ id: ID, entries: [null] } as never),
      "entries[0]",
    ],
    ["entries that are none", (api) => api.entries.append({ id: ID, entries: {} } as never), "entries"],
    ["a session that is none", (api) => api.sessions.save({ session: null } as never), "session"],
    ["a wrong filter", (api) => api.sessions.list({ filter: { status: "x" } } as never), "filter.status"],
    ["a page too large", (api) => api.sessions.list({ limit: 1001 }), "limit"],
    ["last with a limit", (api) => api.entries.list({ id: ID, last: 1, limit: 2 }), "input"],
    ["a negative count", (api) => api.sessions.rewind({ id: ID, entryCount: -1 }), "entryCount"],
    ["a key for server.info", (api) => api.server.info({ x: 1 } as never), "input"],
  ])("%s is refused by name", async (_, call, field) => {
    const error = (await call(openApi().api).catch((each) => each)) as TRPCError;
    expect(error).toMatchObject({
      code: "BAD_REQUEST",
      cause: { code: "invalid_input", details: { field } },
    });
    expect(shapeOf(error).data).toMatchObject({ httpStatus: 400, sessionError: { code: "invalid_input" } });
  });

  it("inside an entry or a session is found by the store", async () => {
    const { api } = openApi();
    await api.sessions.create({ ...create, id: ID });
    const entryType = { type: "user_message" } as const;
    const { api: other } = openApi();
    const session = await api.sessions.get({ id: ID });
    for (const [call, field] of [
      [
        () => api.entries.append({ id: ID, entries: [{ entryType, content: { a: Number.NaN } }] }),
        "entries[0].content.a",
      ],
      [() => api.entries.append({ id: ID, entries: [{ entryType } as never] }), "entries[0].content"],
      [() => api.sessions.update({ id: ID, setContext: [] as never }), "change.setContext"],
      [
        () => other.sessions.save({ session: { ...session, version: 5 } as never }),
        "options.expectedVersion",
      ],
      [() => other.sessions.save({ session: { entries: [] } as never }), "metadata"],
    ] as const) {
      await expect(call()).rejects.toMatchObject({ cause: { code: "invalid_input", details: { field } } });
    }
  });
});
