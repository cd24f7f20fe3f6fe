// No file that git tracks may name the host of a package registry: which one is used is a matter of the
// machine.
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";

const HOST = /https?:\/\/[a-z0-9.-]*(registry|mirror|artifact|nexus|verdaccio)[a-z0-9.-]*[:/]/i;
const files = execFileSync("git", ["ls-files", "-z"], { encoding: "utf8" }).split("\0").filter(Boolean);
const found = files.filter(
  (file) => statSync(file, { throwIfNoEntry: false })?.isFile() && HOST.test(readFileSync(file, "utf8")),
);
for (const file of found) console.error(`${file}: names a package registry`);
console.log(`registries: ${files.length} files looked at, ${found.length} problems`);
process.exit(found.length === 0 ? 0 : 1);
