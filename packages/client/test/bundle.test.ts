import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { expect, it } from "vitest";

const DIST = join(import.meta.dirname, "..", "dist", "index.js");

/** It was 18.8 kB when this was set, and 43.6 with zod. */
const MAX_GZIPPED_BYTES = 20_000;

/** Every module that ends in a browser's bundle of what was built, or is left for the browser to find. */
async function bundled(): Promise<{ modules: string[]; left: string[] }> {
  const modules: string[] = [];
  const left: string[] = [];
  await build({
    configFile: false,
    logLevel: "silent",
    root: import.meta.dirname,
    build: { write: false, minify: false, lib: { entry: DIST, formats: ["es"] } },
    plugins: [
      {
        name: "collect",
        generateBundle(_, chunks) {
          for (const chunk of Object.values(chunks)) {
            if (chunk.type !== "chunk") continue;
            modules.push(...chunk.moduleIds);
            left.push(...chunk.imports, ...chunk.dynamicImports);
          }
        },
      },
    ],
  });
  return { modules, left };
}

it("bundles for a browser with no module of Node, no store, no router and no server", {
  timeout: 60_000,
}, async () => {
  const { modules, left } = await bundled();
  expect(left).toEqual([]);
  // What Vite puts in the place of a module of Node that a browser does not have.
  expect(modules.filter((id) => /^node:|browser-external/.test(id))).toEqual([]);
  const ours = new Set(
    modules.map((id) => /\/packages\/([^/]+)\//.exec(id)?.[1]).filter((name) => name !== undefined),
  );
  expect([...ours].sort()).toEqual(["client", "core"]);
  expect(modules.filter((id) => id.endsWith("/core/dist/memory.js"))).toEqual([]);
});

/** What an application pays that only calls a server: `createClient` and `sessionErrorOf`, minified. */
async function bundleOfApplication(): Promise<{ modules: string[]; gzippedBytes: number }> {
  const entry = "virtual:application";
  const built = await build({
    configFile: false,
    logLevel: "silent",
    root: import.meta.dirname,
    build: { write: false, modulePreload: false, rolldownOptions: { input: entry } },
    plugins: [
      {
        name: "application",
        resolveId: (id) => (id === entry ? id : null),
        load: (id) =>
          id === entry
            ? `import { createClient, sessionErrorOf } from ${JSON.stringify(DIST)};
               globalThis.client = [createClient, sessionErrorOf];`
            : null,
      },
    ],
  });
  const { output } = built as Extract<typeof built, { output: unknown }>;
  const chunks = output.filter((each) => each.type === "chunk");
  return {
    // Only those of which anything is left.
    modules: chunks.flatMap(({ modules }) =>
      Object.entries(modules).flatMap(([id, { renderedLength }]) => (renderedLength > 0 ? [id] : [])),
    ),
    gzippedBytes: chunks.reduce((bytes, { code }) => bytes + gzipSync(code, { level: 9 }).length, 0),
  };
}

it("costs a browser's application some 20 kB, gzipped, and no zod", { timeout: 60_000 }, async () => {
  const { modules, gzippedBytes } = await bundleOfApplication();
  expect(modules.filter((id) => /node_modules\/zod\//.test(id))).toEqual([]);
  // The whole of it, and not the empty file that a mistake above would give.
  expect(modules.some((id) => id.endsWith("/client/dist/retry-link.js"))).toBe(true);
  expect(gzippedBytes).toBeLessThan(MAX_GZIPPED_BYTES);
});

it("imports nothing of Node's and nothing of the router in any file that was built", () => {
  const seen = new Map<string, string[]>();
  const walk = (file: string) => {
    if (seen.has(file)) return;
    const source = readFileSync(file, "utf8");
    const specifiers = [...source.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(
      ([, name]) => name as string,
    );
    seen.set(file, specifiers);
    for (const name of specifiers) if (name.startsWith(".")) walk(join(dirname(file), name));
  };
  expect(existsSync(DIST)).toBe(true);
  walk(DIST);
  expect(seen.size).toBeGreaterThan(5);
  const packages = new Set([...seen.values()].flat().filter((name) => !name.startsWith(".")));
  expect([...packages].sort()).toEqual([
    "@thulp-sessions/core",
    "@thulp-sessions/core/store",
    "@trpc/client",
    "@trpc/server/observable",
    "eventsource",
  ]);
});
