import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, posix } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { run } from "./outside.ts";
import { outsideFolder, PACKAGES, packAll } from "./packed.ts";

const folder = outsideFolder("pack");
const tarballs = packAll();
const bin = (name: string, path: string) =>
  join(createRequire(import.meta.url).resolve(`${name}/package.json`), "..", path);
const PUBLINT = join(import.meta.dirname, "..", "node_modules", "publint", "src", "cli.js");
const ATTW = bin("@arethetypeswrong/cli", "dist/index.js");

it("packs every package that is not private", () => {
  expect(PACKAGES.map(({ name }) => name).sort()).toEqual([...tarballs.keys()].sort());
  expect(PACKAGES.length).toBeGreaterThanOrEqual(8);
});

describe.each([...tarballs])("%s", (name, tarball) => {
  it("is clean for publint", async () => {
    const { code, output } = await run(process.execPath, [PUBLINT, "run", tarball, "--strict"], {
      cwd: folder,
    });
    expect(output).toMatch(/All good!/);
    expect(code).toBe(0);
  });

  it("has the right types", async () => {
    const args = [ATTW, tarball, "--profile", "esm-only", "--no-color", "--format", "ascii"];
    const { code, output } = await run(process.execPath, args, { cwd: folder });
    expect(code, output).toBe(0);
  });

  it("holds what it needs and nothing else", async () => {
    const files = filesIn(tarball);
    const paths = [...files.keys()];
    const manifest = JSON.parse(files.get("package.json") ?? "");
    // A command, or a library.
    const entry = (manifest.bin?.["thulp-sessions"] ?? "dist/index.js").replace(/^\.\//, "");
    expect(paths).toEqual(expect.arrayContaining(["package.json", "README.md", "LICENSE", entry]));
    expect(
      paths.filter((path) => !/^(package\.json$|README\.md$|LICENSE$|dist\/|src\/|drizzle\/)/.test(path)),
    ).toEqual([]);
    expect(JSON.stringify(manifest)).not.toMatch(/workspace:|catalog:|thulp-sessions\/source/);
    for (const dependency of Object.keys(manifest.dependencies ?? {}))
      if (dependency.startsWith("@thulp-sessions/")) expect([...tarballs.keys()]).toContain(dependency);
    // What a debugger and an editor follow from dist.
    for (const [path, text] of files) {
      if (!path.endsWith(".map")) continue;
      const { sources, sourcesContent = [] } = JSON.parse(text);
      for (const [i, source] of sources.entries()) {
        // A bundle brings the texts of what it was made of along.
        if (typeof sourcesContent[i] === "string") continue;
        expect(paths, `${name}: ${path}`).toContain(posix.join(posix.dirname(path), source));
      }
    }
  });
});

/** The texts in a tarball, by their path in the package. */
function filesIn(tarball: string): Map<string, string> {
  const bytes = gunzipSync(readFileSync(tarball));
  const files = new Map<string, string>();
  for (let at = 0; at + 512 <= bytes.length; ) {
    const field = (from: number, length: number) =>
      bytes.toString("utf8", at + from, at + from + length).replace(/\0.*$/s, "");
    const name = posix.join(field(345, 155), field(0, 100));
    if (field(0, 100) === "") break;
    const size = Number.parseInt(field(124, 12), 8);
    if (field(156, 1) === "0")
      files.set(name.replace(/^package\//, ""), bytes.toString("utf8", at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
