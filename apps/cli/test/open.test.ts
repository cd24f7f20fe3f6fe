import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "@thulp-sessions/client";
import { describe, expect, it } from "vitest";
import { cli, ok, start, tempFolder, until } from "./harness.ts";

const CHAT = { type: "conversation", purpose: "test" } as const;
const ID = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";
const OTHER = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e30";

/** A server over the store of files in a folder; with a page where this package's neighbour is built. */
async function serving(cwd: string, ...options: readonly string[]) {
  const { child, told } = start({ cwd }, "serve", "--store", "fs:s", "--port", "0", ...options);
  await until(() => told.stdout.includes("Ctrl-C") || child.exitCode !== null, `it serves: ${told.stderr}`);
  const [, url = ""] = /address +(\S+)/.exec(told.stdout) ?? [];
  const { port } = new URL(url);
  return { url, port, told };
}

/** A folder first in the PATH, in which `xdg-open` is a program that notes what it was given. */
function browserIn(folder: string, exitCode = 0) {
  const opened = join(folder, "opened");
  const program = `#!${process.execPath}\nrequire("node:fs").writeFileSync(${JSON.stringify(opened)}, JSON.stringify(process.argv.slice(2)));process.exit(${exitCode});\n`;
  writeFileSync(join(folder, "xdg-open"), program);
  chmodSync(join(folder, "xdg-open"), 0o755);
  const opensWith = () => (existsSync(opened) ? JSON.parse(readFileSync(opened, "utf8")) : null);
  return { env: { PATH: folder }, opensWith };
}

async function redeem(url: string, address: string) {
  const code = address.split("#c=")[1];
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ code });
  return fetch(`${url}/viewer/token`, { method: "POST", headers, body });
}

describe.skipIf(!existsSync(join(import.meta.dirname, "../../api/dist/viewer/page/manifest.json")))(
  "open",
  () => {
    it("prints the address of the page, and of a session, as much of whose id was typed as is needed", async () => {
      const cwd = tempFolder();
      const { url, port } = await serving(cwd);
      expect(ok({ cwd }, "open", "--print", "--port", port)).toBe(`${url}/`);
      const client = createClient({ url });
      await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
      expect(ok({ cwd }, "open", "0190A3C5", "--print", "--port", port)).toBe(`${url}/s/${ID}`);
      await client.sessions.create.mutate({ id: OTHER, name: "b", sessionType: CHAT });
      const several = cli({ cwd }, "open", "0190a3c5", "--print", "--port", port);
      expect(several).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(OTHER) });
      expect(cli({ cwd }, "open", "ffff", "--port", port)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/No session .* begins with ffff/),
      });
      expect(cli({ cwd }, "open", "../x", "--port", port)).toMatchObject({ code: 2, stdout: "" });
    });

    it("brings a code where there is a token, which it finds beside the store", async () => {
      const cwd = tempFolder();
      const { url, port, told } = await serving(cwd, "--token", "auto");
      const [, first = ""] = /look +(\S+)/.exec(told.stdout) ?? [];
      expect((await redeem(url, first)).status).toBe(200);
      const env = { THULP_SESSIONS_STORE: "fs:s" };
      const address = ok({ cwd, env }, "open", "--print", "--port", port);
      expect(address).toMatch(new RegExp(`^${url}/#c=[\\w-]{22}$`));
      expect((await redeem(url, address)).status).toBe(200);
      expect((await redeem(url, address)).status).toBe(401);
      const viaUrl = ok({ cwd, env }, "open", "--print", "--store", url);
      expect((await redeem(url, viaUrl)).status).toBe(200);
      // And so does every other command that is given the server.
      expect(ok({ cwd, env }, "list", "--store", url)).toBe("");
      expect(cli({ cwd: tempFolder() }, "open", "--port", port)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/wants a token: give it by --token-file/),
      });
      expect(cli({ cwd }, "open", "--port", port, "--token", "other").stderr).toMatch(
        /is not that of the server/,
      );
    });

    it.skipIf(process.platform !== "linux")("opens the browser without a shell, and says where", async () => {
      const cwd = tempFolder();
      const { url, port } = await serving(cwd, "--token", "auto");
      const { env, opensWith } = browserIn(tempFolder());
      const at = { cwd, env: { ...env, THULP_SESSIONS_STORE: "fs:s" } };
      // The code has been used by then: nobody has to see it.
      expect(ok(at, "open", "--port", port)).toBe(`Opened ${url}/`);
      const [address] = opensWith();
      expect(opensWith()).toHaveLength(1);
      expect((await redeem(url, address)).status).toBe(200);
    });

    it.skipIf(process.platform !== "linux")(
      "says when there is no browser, with the whole address",
      async () => {
        const cwd = tempFolder();
        const { url, port } = await serving(cwd);
        const none = cli({ cwd, env: { PATH: tempFolder() } }, "open", "--port", port);
        expect(none).toMatchObject({
          code: 1,
          stdout: `${url}/\n`,
          stderr: expect.stringMatching(/no xdg-open/),
        });
        const { env } = browserIn(tempFolder(), 3);
        const failing = cli({ cwd, env }, "open", "--port", port);
        expect(failing).toMatchObject({ code: 1, stderr: expect.stringMatching(/xdg-open ended with 3/) });
      },
    );
  },
);

describe("open without a page", () => {
  it("says what to do when no server runs, and when it has no page", async () => {
    const cwd = tempFolder();
    expect(cli({ cwd }, "open", "--port", "1")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(
        /No server answers at http:\/\/127\.0\.0\.1:1 .*Start one with npm start/,
      ),
    });
    const { port } = await serving(cwd, "--no-viewer");
    expect(cli({ cwd }, "open", "--port", port).stderr).toMatch(
      /has no page: it was started with --no-viewer/,
    );
    expect(cli({ cwd }, "open", "--port", "0")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/any port/),
    });
  });
});
