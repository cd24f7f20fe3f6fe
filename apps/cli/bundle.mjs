// Puts the command and what it uses into few files under dist: most of the time a short command took was
// Node's, for finding and loading some 350 modules. A command's own module stays apart and is loaded when it
// runs, and so does each store.
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { thirdPartyText } from "./third-party.mjs";

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, "dist");
/** What a store has beside its sources, by the folder that it looks for. */
const migrations = [
  [import.meta.resolve("@thulp-sessions/store-sqlite/package.json"), "drizzle"],
  [import.meta.resolve("@thulp-sessions/store-postgres/package.json"), "drizzle/postgres"],
];

const bundle = await rolldown({
  input: join(root, "src", "main.ts"),
  platform: "node",
  // What a bundle cannot hold: a native binding, a server that starts threads from files of its own, what
  // reads its package.json. What is not installed: pg asks for it only on other platforms, or when it is told
  // to.
  external: ["better-sqlite3", "@thulp-sessions/api", "@thulp-sessions/mcp", "pg-native", "pg-cloudflare"],
});
rmSync(dist, { recursive: true, force: true });
// One folder down, so that what a store looks for beside its own folder is found under dist.
const { output } = await bundle.write({
  dir: dist,
  format: "esm",
  entryFileNames: "[name].js",
  chunkFileNames: "chunks/[name]-[hash].js",
  sourcemap: true,
});
await bundle.close();
const modules = output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
writeFileSync(join(dist, "THIRD-PARTY-NOTICES.txt"), thirdPartyText(modules));
for (const [manifest, folder] of migrations)
  cpSync(join(dirname(fileURLToPath(manifest)), folder), join(dist, folder), { recursive: true });
