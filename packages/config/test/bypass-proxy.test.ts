import { expect, test } from "vitest";
import { bypassProxy } from "../src/bypass-proxy.ts";

test.each([
  ["http://127.0.0.1:4664", {}, { NO_PROXY: "127.0.0.1" }],
  ["http://localhost:4664", { NO_PROXY: "a, b" }, { NO_PROXY: "a,b,localhost" }],
  ["http://[::1]:4664", { no_proxy: "", NO_PROXY: "x" }, { no_proxy: "[::1]", NO_PROXY: "x" }],
  ["http://127.0.0.1:4664", { NO_PROXY: "127.0.0.1" }, { NO_PROXY: "127.0.0.1" }],
  ["http://127.0.0.1:4664", { NO_PROXY: "*" }, { NO_PROXY: "*" }],
  ["https://sessions.example", { NO_PROXY: "a" }, { NO_PROXY: "a" }],
  ["https://localhost.example", {}, {}],
])("%s with %j", (url, before, after) => {
  const env: Record<string, string | undefined> = { ...before };
  bypassProxy(url, env);
  expect(env).toEqual(after);
});
