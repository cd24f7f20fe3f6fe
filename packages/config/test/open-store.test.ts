import { execFile } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openStore, parseStoreUrl } from "../src/index.ts";
import { tempFolder } from "./temp-folder.ts";

const run = promisify(execFile);

describe("openStore", () => {
  it.each(["sqlite", "fs"])(
    "opens %s: relative to the given folder, and what it keeps stays",
    async (scheme) => {
      const cwd = tempFolder();
      const name = { id: "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f", parentSession: null } as const;
      for (const durability of ["full", "relaxed"] as const) {
        const store = await openStore(`${scheme}:deep/place`, { cwd, durability });
        expect(store.location).toContain(join(cwd, "deep", "place"));
        expect(store.capabilities.persistent).toBe(true);
        if (durability === "full") {
          const metadata = {
            ...name,
            name: "kept",
            createdAt: 1,
            updatedAt: 1,
            status: "active",
            tags: [],
          } as const;
          const sessionType = { type: "conversation", purpose: "" } as const;
          await store.create({ metadata: { ...metadata, sessionType } as never, entries: [], context: {} });
        } else expect((await store.get(name.id)).metadata.name).toBe("kept");
        await store.close();
      }
      expect(existsSync(join(cwd, "deep"))).toBe(true);
    },
  );

  it.skipIf(process.platform === "win32")(
    "opens home: in a data folder that is for its owner only",
    async () => {
      const data = join(tempFolder(), "data");
      vi.stubEnv("XDG_DATA_HOME", data);
      onTestFinished(() => void vi.unstubAllEnvs());
      const folder = join(data, "thulp-sessions");
      await expect(openStore("home:", { readOnly: true })).rejects.toMatchObject({ code: "io" });
      expect(existsSync(folder)).toBe(false);
      const store = await openStore("home:");
      onTestFinished(() => store.close());
      expect(store.location).toBe(`sqlite:${join(folder, "sessions.db")}`);
      expect(statSync(folder).mode & 0o777).toBe(0o700);
      // A relative path says nothing.
      vi.stubEnv("XDG_DATA_HOME", "relative");
      vi.stubEnv("HOME", data);
      expect(parseStoreUrl("home:", "/base")).toEqual({
        kind: "home",
        file: join(data, ".local/share/thulp-sessions/sessions.db"),
      });
    },
  );

  it.each(["sqlite", "fs", "memory"])("opens %s so that nothing is written to it", async (scheme) => {
    const cwd = tempFolder();
    const url = scheme === "memory" ? "memory:" : `${scheme}:place`;
    await (await openStore(url, { cwd })).close();
    const store = await openStore(url, { cwd, readOnly: true });
    expect(store.capabilities.writable).toBe(false);
    expect(await store.count()).toBe(0);
    const id = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";
    await expect(store.delete(id)).rejects.toMatchObject({ code: "unsupported" });
    await store.close();
  });

  it("opens memory:, and hears its warnings", async () => {
    const warnings: string[] = [];
    const store = await openStore("memory:", { onWarning: ({ message }) => warnings.push(message) });
    store.warnings.emit({ code: "io", message: "heard" });
    expect(warnings).toEqual(["heard"]);
    await store.close();
  });

  it("says which server cannot be reached", async () => {
    // Port 1 is reserved, and nobody listens there.
    await expect(openStore("http://127.0.0.1:1", { token: "t" })).rejects.toMatchObject({
      code: "io",
      message: expect.stringContaining("http://127.0.0.1:1"),
    });
  });

  it("rejects for a URL that names no store", async () => {
    await expect(openStore("nonsense")).rejects.toMatchObject({ code: "invalid_input" });
  });

  // Runs what was built, as a user of the package does, and lists every module of ours that Node loads for
  // it.
  it.each([
    ["sqlite:x.db", "store-sqlite"],
    ["fs:x", "store-fs"],
    ["memory:", "core"],
  ])("%s loads no other store", async (url, own) => {
    const dist = new URL("../dist/index.js", import.meta.url).href;
    const hook = `export async function load(url, context, next) {
      const [, name] = /\\/packages\\/([^/]+)\\/dist\\//.exec(url) ?? [];
      if (name) (await import("node:fs")).writeSync(1, name + "\\n");
      return next(url, context);
    }`;
    const script = `import { register } from "node:module";
      register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hook)}));
      const { openStore } = await import(${JSON.stringify(dist)});
      const store = await openStore(${JSON.stringify(url)});
      await store.close();`;
    const args = ["--input-type=module", "--eval", script];
    const { stdout } = await run(process.execPath, args, { cwd: tempFolder() });
    const loaded = new Set(stdout.trim().split("\n"));
    expect([...loaded].sort()).toEqual([...new Set(["config", "core", own])].sort());
  });
});
