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

const subpaths = Object.values(manifest.exports).flatMap((target) =>
  typeof target === "string" ? [] : [join(ROOT, target["@thulp-sessions/source"])],
);
const readers = subpaths.filter((file) => dirname(file).endsWith("agents"));
const others = subpaths.filter((file) => !readers.includes(file));

test.each(readers)("%s loads no other reader, and nothing that touches files", (reader) => {
  const loaded = [...loads(reader)];
  expect(loaded.filter((file) => readers.includes(file))).toEqual([reader]);
  expect(loaded.filter((file) => /node:fs/.test(readFileSync(file, "utf8")))).toEqual([]);
});

test.each(others)("%s loads no reader before it is asked for", (file) => {
  expect([...loads(file)].filter((each) => readers.includes(each))).toEqual([]);
});

test("the table of the agents loads nothing of this package", () => {
  expect(loads(join(ROOT, "src/agent-table.ts")).size).toBe(1);
});
