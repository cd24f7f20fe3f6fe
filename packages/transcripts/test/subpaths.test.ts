import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };

const ROOT = join(import.meta.dirname, "..");

/** A module and all that it loads of this package, by the imports that are no types. */
function loads(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const text = readFileSync(file, "utf8");
  for (const [, specifier] of text.matchAll(/^(?:import|export) (?!type\b)[^;]*?from "(\.[^"]+)";/gm))
    loads(resolve(dirname(file), specifier as string), found);
  return found;
}

const readers = Object.entries(manifest.exports).flatMap(([path, target]) =>
  typeof target === "string" || path === "." ? [] : [join(ROOT, target["@thulp-sessions/source"])],
);

test.each(readers)("%s loads no other reader, and nothing that touches files", (reader) => {
  const loaded = [...loads(reader)];
  expect(loaded.filter((file) => readers.includes(file))).toEqual([reader]);
  expect(loaded.filter((file) => /node:fs/.test(readFileSync(file, "utf8")))).toEqual([]);
});

test("the package itself loads no reader", () => {
  expect([...loads(join(ROOT, "src/index.ts"))].filter((file) => readers.includes(file))).toEqual([]);
});
