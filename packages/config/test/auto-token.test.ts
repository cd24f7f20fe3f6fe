import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { makeAutoToken, readAutoToken } from "../src/auto-token.ts";
import { type ConfigFlags, loadConfig, runningServerToken, serverToken } from "../src/index.ts";
import { tempFolder } from "./temp-folder.ts";

const SERVER = "http://127.0.0.1:4664";

function load(cwd: string, flags: ConfigFlags = {}, env: Record<string, string> = {}) {
  return loadConfig({ flags, env, cwd });
}

/** A folder whose store has a token that a server has made. */
function served() {
  const cwd = tempFolder();
  mkdirSync(join(cwd, ".thulp"));
  const token = serverToken(load(cwd, { token: "auto" }));
  return { cwd, token, path: join(cwd, ".thulp", "sessions.db.token") };
}

describe("--token auto", () => {
  it("is a token beside the store, made once, for its owner only", () => {
    const { cwd, token, path } = served();
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(readFileSync(path, "utf8")).toBe(`${token}\n`);
    if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(cwd, ".thulp"))).toEqual(["sessions.db.token"]);
    expect(serverToken(load(cwd, { token: "auto" }))).toBe(token);
    expect(serverToken(load(cwd, {}, { THULP_SESSIONS_TOKEN: "auto" }))).toBe(token);
    const other = load(cwd, { token: "auto", store: "fs:.thulp/sessions" });
    expect(other.token).toBeUndefined();
    expect(serverToken(other)).not.toBe(token);
    expect(existsSync(join(cwd, ".thulp", "sessions.token"))).toBe(true);
  });

  it("is never the token itself, and no server is without one that was told so", () => {
    const cwd = tempFolder();
    expect(load(cwd, { token: "auto" }).token).toBeUndefined();
    // The folder of the store is not there, so that nothing can be written.
    expect(() => serverToken(load(cwd, { token: "auto" }))).toThrow(
      expect.objectContaining({ code: "io", message: expect.stringMatching(/token cannot be written/) }),
    );
    for (const store of ["memory:", "postgres://db.example/x", SERVER]) {
      const flags = { token: "auto", store };
      expect(() => serverToken(load(cwd, flags))).toThrow(
        expect.objectContaining({
          code: "invalid_input",
          message: expect.stringMatching(/--token auto|--token: /),
        }),
      );
    }
    const { cwd: other } = served();
    expect(() => serverToken(load(other, { token: "auto", store: SERVER }))).toThrow(/has no place/);
  });

  it("is found by who calls a server on this machine, and sent to no other", () => {
    const { cwd, token, path } = served();
    const found = load(cwd, { store: SERVER });
    expect(found).toMatchObject({ token, sources: { token: { kind: "found", name: path } } });
    // It is that server's: one that is started over it was told nothing.
    expect(serverToken(found)).toBeUndefined();
    expect(load(cwd, {}, { THULP_SESSIONS_STORE: "http://localhost:1" }).token).toBe(token);
    expect(load(cwd, { store: SERVER, token: "auto" }).token).toBe(token);
    expect(load(cwd, { store: SERVER, token: "mine" }).token).toBe("mine");
    for (const store of ["http://example.com", "http://127.0.0.1.nip.io:4664", "https://192.168.0.1"])
      expect(load(cwd, { store }).token).toBeUndefined();
    // Over the store itself no token is wanted; the server that runs has one.
    expect(load(cwd).token).toBeUndefined();
    expect(serverToken(load(cwd))).toBeUndefined();
    expect(runningServerToken(load(cwd))).toBe(token);
    expect(runningServerToken(load(cwd, { token: "mine" }))).toBe("mine");
    expect(runningServerToken(load(tempFolder()))).toBeUndefined();
  });

  it("lies beside the store that would be configured without the server", () => {
    const { cwd, token } = served();
    const env = { THULP_SESSIONS_STORE: "fs:elsewhere" };
    expect(load(cwd, { store: SERVER }, env).token).toBeUndefined();
    writeFileSync(join(cwd, "thulp-sessions.config.json"), '{ "store": "sqlite:.thulp/sessions.db" }');
    expect(load(cwd, { store: SERVER }).token).toBe(token);
  });

  it.skipIf(process.platform === "win32")("is not used where others could have read or written it", () => {
    const { cwd, path } = served();
    for (const mode of [0o640, 0o604, 0o602]) {
      chmodSync(path, mode);
      expect(() => readAutoToken(path)).toThrow(/others may read or change it: delete it/);
      expect(() => serverToken(load(cwd, { token: "auto" }))).toThrow(/others may read/);
      expect(() => runningServerToken(load(cwd))).toThrow(/others may read/);
      expect(load(cwd, { store: SERVER }).token).toBeUndefined();
    }
  });

  it.skipIf(process.platform === "win32")("is no link, no folder, and nothing that is no token", () => {
    const folder = tempFolder();
    const place = (name: string) => join(folder, name);
    writeFileSync(place("real"), `${"x".repeat(40)}\n`, { mode: 0o600 });
    expect(readAutoToken(place("real"))).toBe("x".repeat(40));
    symlinkSync(place("real"), place("link"));
    mkdirSync(place("folder"), { mode: 0o700 });
    for (const [name, text] of [
      ["empty", ""],
      ["short", "abc"],
      ["words", "a token of many words"],
      ["long", "x".repeat(2000)],
    ])
      writeFileSync(place(name as string), text as string, { mode: 0o600 });
    for (const name of ["link", "folder", "empty", "short", "words", "long"]) {
      expect(() => readAutoToken(place(name)), name).toThrow(
        expect.objectContaining({ code: "io", message: expect.stringContaining(place(name)) }),
      );
      expect(() => makeAutoToken(place(name)), name).toThrow();
    }
    expect(readAutoToken(place("missing"))).toBeUndefined();
  });

  it("is the same for servers that start at the same moment", async () => {
    const folder = tempFolder();
    const path = join(folder, "x.token");
    const program = `const { makeAutoToken } = await import(${JSON.stringify(import.meta.resolve("../dist/auto-token.js"))});
      while (Date.now() < Number(process.argv[1])) {}
      console.log(makeAutoToken(${JSON.stringify(path)}));`;
    const at = `${Date.now() + 600}`;
    const runs = Array.from({ length: 4 }, () =>
      promisify(execFile)(process.execPath, ["--input-type=module", "-e", program, at]),
    );
    const tokens = new Set((await Promise.all(runs)).map(({ stdout }) => stdout.trim()));
    expect(tokens.size).toBe(1);
    expect(readdirSync(folder)).toEqual(["x.token"]);
  });
});
