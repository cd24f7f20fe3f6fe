import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "@thulp-sessions/client";
import { describe, expect, it } from "vitest";
import { serving } from "./command-process.ts";
import { send, tempFolder } from "./harness.ts";

const IS_BUILT = existsSync(join(import.meta.dirname, "../dist/viewer/page/manifest.json"));

describe("the command", () => {
  it("says where the page is, and that everybody on this machine gets in", async () => {
    const { told, url } = await serving(["--store", "memory:"]);
    expect(told.stdout).toContain(
      IS_BUILT ? `  look      ${url}/\n` : "  look      the page is not built: npm",
    );
    expect(told.stdout).toMatch(/^ {2}access {4}without a token: .* --token auto makes one$/m);
    expect((await send(`${url}/`)).status).toBe(IS_BUILT ? 200 : 404);
  });

  it("makes a token beside the store, and lets a page in by a code", async () => {
    const cwd = tempFolder();
    const { told, url, child, exited } = await serving(["--token", "auto", "--viewer-writes"], { cwd });
    const token = readFileSync(join(cwd, ".thulp", "sessions.db.token"), "utf8").trim();
    await expect(createClient({ url }).server.info.query()).rejects.toThrow("bearer token");
    await createClient({ url, token }).server.info.query();
    expect(told.stdout).not.toMatch(/^ {2}access/m);
    expect((await send(`${url}/viewer/settings`)).json).toMatchObject({ tokenNeeded: true, writes: true });
    if (IS_BUILT) {
      const [, code] = /look {6}\S+\/#c=([\w-]{22}) {2}\(once, within 10 minutes/.exec(told.stdout) ?? [];
      const headers = { "content-type": "application/json" };
      const request = { method: "POST", headers, body: JSON.stringify({ code }) };
      expect((await send(`${url}/viewer/token`, request)).json).toMatchObject({ writes: true });
    }
    child.kill("SIGTERM");
    const { stdout, stderr } = await exited;
    expect(stdout + stderr).not.toContain(token);
    // A code is for the person in front of the terminal, and for no log.
    expect(stderr).not.toMatch(/#c=/);
  });

  it("leaves the page out", async () => {
    const env = { THULP_SESSIONS_VIEWER: "true" };
    const { told, url } = await serving(["--store", "memory:", "--no-viewer"], { env });
    expect(told.stdout).not.toMatch(/^ {2}look/m);
    for (const path of ["/", "/viewer/settings"]) expect((await send(url + path)).status).toBe(404);
  });
});
