import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { KEYS } from "../src/pages/help/key-list.ts";

test("docs/viewer.md has the keys that the page shows", () => {
  const text = readFileSync(new URL("../../../docs/viewer.md", import.meta.url), "utf8");
  const [, keys = ""] = /^## Keys$(.*?)^## /ms.exec(text) ?? [];
  const rows = keys
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(2)
    .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "").trim()));
  const shown = KEYS.flatMap(([place, inPlace]) =>
    inPlace.map(([key, what]) => [
      place,
      key
        .split(" ")
        .map((each) => `\`${each}\``)
        .join(" "),
      what,
    ]),
  );
  expect(rows).toEqual(shown);
});
