import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { tempFolder } from "./temp-store.ts";

afterEach(() => {
  vi.doUnmock("better-sqlite3");
  vi.resetModules();
});

function failing(code: string, message: string): void {
  vi.resetModules();
  vi.doMock("better-sqlite3", () => ({
    default: class {
      constructor() {
        throw Object.assign(new Error(message), { code });
      }
    },
  }));
}

test.each([
  [
    "ERR_DLOPEN_FAILED",
    "was compiled against a different Node.js version using NODE_MODULE_VERSION 137.",
    /another version of Node/,
  ],
  ["MODULE_NOT_FOUND", "Cannot find module 'better-sqlite3'", /not installed/],
  [
    "",
    "Could not locate the bindings file. Tried:\n → /a/build/better_sqlite3.node",
    /npm rebuild better-sqlite3`; pnpm .* `pnpm approve-builds` .* Could not locate the bindings file. Tried:$/,
  ],
])(
  "a driver that cannot be loaded (%s) is reported with what to do, and nothing is created",
  async (code, text, message) => {
    failing(code, text);
    const folder = await tempFolder();
    const { openSqliteStore } = await import("../src/index.ts");
    await expect(openSqliteStore({ file: join(folder, "new", "sessions.db") })).rejects.toMatchObject({
      name: "SessionError",
      code: "unsupported",
      message: expect.stringMatching(message),
      cause: { message: text },
    });
    const { readdirSync } = await import("node:fs");
    expect(readdirSync(folder)).toEqual([]);
  },
);
