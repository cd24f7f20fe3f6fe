import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const SOURCE = new URL("../src/", import.meta.url);

test("the suite imports core and nothing else: no test runner, no node: module", () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter(
    // The command is for a terminal; nothing of the suite imports it (scripts/check-boundaries.mjs).
    (file) => file.endsWith(".ts") && !file.startsWith("command"),
  );
  expect(files.length).toBeGreaterThan(30);
  const foreign = files.flatMap((file) => {
    const text = readFileSync(new URL(file, SOURCE), "utf8");
    return [...text.matchAll(/\b(?:from|import)\s*\(?\s*"([^"]+)"/g)]
      .map(([, specifier]) => specifier as string)
      .filter((specifier) => !/^\.{1,2}\/|^@thulp-sessions\/core(\/(memory|store))?$/.test(specifier))
      .map((specifier) => `${file}: ${specifier}`);
  });
  expect(foreign).toEqual([]);
});
