import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const dist = join(import.meta.dirname, "..", "dist");

test("the bundle says whose code it holds, and under which licence", () => {
  const held = new Set<string>();
  for (const file of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".map")) continue;
    const { sources } = JSON.parse(readFileSync(join(dist, file), "utf8")) as { sources: readonly string[] };
    for (const source of sources) {
      const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source) ?? [];
      if (name !== undefined) held.add(name);
    }
  }
  const text = readFileSync(join(dist, "THIRD-PARTY-NOTICES.txt"), "utf8");
  const told = new Set(
    [...text.matchAll(/^(@?[a-z][^\s]*) \d+\.\d+\.\d+\S* \([^)]+\)$/gm)].map(([, name]) => name),
  );
  expect([...told].sort()).toEqual([...held].sort());
  expect(held.size).toBeGreaterThan(10);
  expect(text.match(/Permission is hereby granted/g)?.length).toBeGreaterThan(10);
});
