import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";

const DIST = join(import.meta.dirname, "..", "dist");
const KB = 1000;

/** The files of a page by their names in dist, with what each imports at once. */
function filesFrom(entries: readonly string[]): Set<string> {
  const files = new Set(entries);
  for (const name of files) {
    const text = readFileSync(join(DIST, name), "utf8");
    for (const [, imported] of text.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g))
      files.add(`assets/${imported}`);
  }
  return files;
}

function gzipped(names: Iterable<string>): number {
  return [...names].reduce(
    (sum, name) => sum + gzipSync(readFileSync(join(DIST, name)), { level: 9 }).length,
    0,
  );
}

const isBuilt = existsSync(join(DIST, "index.html"));

describe.skipIf(!isBuilt)(`what is built${isBuilt ? "" : " (nothing is: npm run build)"}`, () => {
  const html = isBuilt ? readFileSync(join(DIST, "index.html"), "utf8") : "";
  const assets = isBuilt ? readdirSync(join(DIST, "assets")) : [];
  const named = [...html.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, name]) => name as string);

  test("is of files whose names change with their contents, and the page holds no script or style", () => {
    expect(named.length).toBeGreaterThan(3);
    for (const name of assets) expect(name).toMatch(/^[\w-]+\.[\w-]{8}\.(js|css|png)$/);
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|style=|\son\w+=/);
  });

  test("goes with the licences of what it is made of", () => {
    const licences = readFileSync(join(DIST, "third-party-notices.txt"), "utf8");
    for (const name of ["@preact/signals", "@trpc/client", "diff", "marked", "preact", "uuid", "virtua"])
      expect(licences).toMatch(new RegExp(`^## ${name} - .*\\(.+\\)$`, "m"));
  });

  test("takes at most 80 kB of script for the first page, 180 kB in all, 12 kB of styles", () => {
    const first = gzipped(filesFrom(named.filter((name) => name.endsWith(".js"))));
    const worker = gzipped(
      assets.filter((name) => name.startsWith("shared-worker")).map((name) => `assets/${name}`),
    );
    expect(worker).toBeGreaterThan(0);
    expect(first + worker).toBeLessThan(80 * KB);
    expect(
      gzipped(assets.filter((name) => name.endsWith(".js")).map((name) => `assets/${name}`)),
    ).toBeLessThan(180 * KB);
    expect(
      gzipped(assets.filter((name) => name.endsWith(".css")).map((name) => `assets/${name}`)),
    ).toBeLessThan(12 * KB);
  });

  test("names no other origin", () => {
    for (const name of assets.filter((each) => each.endsWith(".js"))) {
      const text = readFileSync(join(DIST, "assets", name), "utf8");
      const origins = [...text.matchAll(/https?:\/\/[\w.-]+/g)].map(([origin]) => origin);
      // Names of namespaces, and of pages in messages of libraries; nothing is fetched from them.
      expect(
        origins.filter(
          (origin) => !/www\.w3\.org|localhost|127\.0\.0\.1|github\.com|preactjs\.com/.test(origin),
        ),
      ).toEqual([]);
    }
  });
});
