import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SETTING_NAMES, SETTING_OPTIONS, SETTINGS, type Setting } from "../src/index.ts";
import { STORE_URL_BEGINNINGS } from "../src/schemes/store-schemes.ts";

const ROOT = join(import.meta.dirname, "../../..");

const code = (text: string): string => `\`${text}\``;

function inFile(name: (typeof SETTING_NAMES)[number]): string {
  if (["allowedOrigins", "allowedHosts", "viewerWrites"].includes(name)) return "flag or environment only";
  const {
    mayBeInFile,
    values = [],
    unsafeInFile,
  }: Pick<Setting<never>, "mayBeInFile" | "values" | "unsafeInFile"> = SETTINGS[name];
  if (mayBeInFile === false) return "not in a file";
  // What a file may say of them.
  const shown = values.filter((value) => !unsafeInFile?.(value as never)).map(code);
  return shown.length === 0
    ? code(name)
    : `${code(name)}: ${shown.slice(0, -1).join(", ")} or ${shown.at(-1)}`;
}

/** What the tables of the documents say of each setting. */
const ROWS = SETTING_NAMES.map((name) => {
  const { flag, variable, shownDefault } = SETTINGS[name];
  const flags = name === "token" ? `${code(flag)}, ${code("--token-file")}` : code(flag);
  return [flags, code(variable), inFile(name), shownDefault === "none" ? "none" : code(shownDefault)];
});

it.each(["README.md", "packages/config/README.md"])("%s has every setting as the table has it", (path) => {
  const lines = readFileSync(join(ROOT, path), "utf8").split("\n");
  const rows = lines
    .filter((line) => line.startsWith("| `--"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  expect(rows).toEqual(ROWS);
});

it.each(["README.md", "packages/config/README.md"])("%s has every kind of store URL", (path) => {
  const lines = readFileSync(join(ROOT, path), "utf8").split("\n");
  const schemes = new Set(STORE_URL_BEGINNINGS.map(({ value }) => value.slice(0, value.indexOf(":") + 1)));
  for (const scheme of schemes)
    expect({ scheme, rows: lines.filter((line) => line.startsWith(`| \`${scheme}`)) }).toEqual({
      scheme,
      rows: [expect.any(String)],
    });
});

it("the help of each option fits a line beside its flag", () => {
  for (const { flag, placeholder, help, shownDefault } of SETTING_OPTIONS) {
    expect(`${flag} ${placeholder}`.length).toBeLessThanOrEqual(23);
    expect(`${help}  (${shownDefault})`.length).toBeLessThanOrEqual(100);
  }
});
