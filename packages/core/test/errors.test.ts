import { isSessionError, SESSION_ERROR_CODES, SessionError } from "@thulp-sessions/core";
import { concurrentChange, invalidInput } from "@thulp-sessions/core/store";
import { describe, expect, test } from "vitest";

describe("isSessionError", () => {
  test.each(SESSION_ERROR_CODES)("knows %s", (code) => {
    const error: unknown = new SessionError(code, "message");
    expect(isSessionError(error)).toBe(true);
    for (const other of SESSION_ERROR_CODES) expect(isSessionError(error, other)).toBe(other === code);
  });

  test("knows one of another copy of this package", () => {
    const foreign = Object.assign(new Error("message"), { name: "SessionError", code: "busy" });
    expect(isSessionError(foreign, "busy")).toBe(true);
    expect(isSessionError(foreign, "io")).toBe(false);
  });

  test.each([
    ["a plain error", new Error("x")],
    ["an error of the system", Object.assign(new Error("x"), { code: "ENOENT" })],
    ["one without a code", Object.assign(new Error("x"), { name: "SessionError" })],
    ["an object that looks like one", { name: "SessionError", code: "io", message: "x" }],
    ["undefined", undefined],
    ["null", null],
    ["a text", "SessionError"],
  ])("does not take %s for one", (_, value) => {
    expect(isSessionError(value)).toBe(false);
  });
});

test("an error carries its cause and details, and neither when none is given", () => {
  const cause = new Error("cause");
  const error = new SessionError("io", "message", { cause, details: { path: "/x" } });
  expect(error).toMatchObject({
    name: "SessionError",
    code: "io",
    message: "message",
    details: { path: "/x" },
  });
  expect(error.cause).toBe(cause);
  const bare = new SessionError("io", "message");
  expect(bare.details).toEqual({});
  expect("cause" in bare).toBe(false);
});

test("the message and field of an input error are short and well-formed whatever they echo", () => {
  const long = `start ${"😀".repeat(1e6)} end`;
  const error = invalidInput(long, { field: long, entryId: "e" });
  expect(error.message.length).toBeLessThan(700);
  expect(error.message).toMatch(/^start .* end$/u);
  expect(error.details.field?.length).toBeLessThan(400);
  expect(error.details.entryId).toBe("e");
  for (const text of [error.message, error.details.field as string, invalidInput("x\ud800").message]) {
    expect(text.isWellFormed()).toBe(true);
  }
  expect(invalidInput("short").message).toBe("short");
});

test("a conflict whose current version nobody knows does not name one", () => {
  const error = concurrentChange("01890a5d-5e55-7000-8000-000000000001");
  expect(error.code).toBe("conflict");
  expect(error.details).toEqual({ sessionId: "01890a5d-5e55-7000-8000-000000000001" });
});
