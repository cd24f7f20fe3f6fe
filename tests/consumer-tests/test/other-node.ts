import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { ROOT } from "./packed.ts";

/** A Node of another major version, from its npm package, where this platform has one. */
export const OTHER_NODE: string | undefined = ["node-26", "node-24"].map(nodeOf).find(Boolean);

function nodeOf(name: string): string | undefined {
  const require = createRequire(join(ROOT, "tooling", "other-nodes", "package.json"));
  try {
    const manifest = require.resolve(`${name}/package.json`);
    const { version } = require(manifest) as { version: string };
    if (version.split(".")[0] === process.versions.node.split(".")[0]) return undefined;
    return join(dirname(manifest), "bin", "node");
  } catch {
    // An optional dependency, for one platform only.
    return undefined;
  }
}
