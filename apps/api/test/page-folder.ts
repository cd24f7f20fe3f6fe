import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { tempFolder } from "./harness.ts";

const { buildPage } = (await import(
  pathToFileURL(join(import.meta.dirname, "..", "build-page.mjs")).href
)) as { buildPage(from: string, to: string): Promise<number> };

export const INDEX = `<!doctype html>
<html lang="en"><head><title>page</title><link rel="icon" href="/assets/icon.12345678.svg">
<script type="module" src="./assets/main.4f3a9c1b.js"></script></head><body>${"<p>words</p>".repeat(50)}</body></html>
`;
export const SCRIPT = `${"export const words = 1;\n".repeat(200)}`;
/** Shorter than any compressed form of it. */
export const ICON = "<svg/>";

/** The page as the build of this package has it, of a small one in the place of apps/viewer's. */
export async function pageFolder(): Promise<string> {
  const folder = tempFolder();
  const from = join(folder, "built");
  mkdirSync(join(from, "assets"), { recursive: true });
  writeFileSync(join(from, "index.html"), INDEX);
  writeFileSync(join(from, "assets", "main.4f3a9c1b.js"), SCRIPT);
  writeFileSync(join(from, "assets", "icon.12345678.svg"), ICON);
  // Beside the page, where no request may get to.
  writeFileSync(join(folder, "secret.txt"), "secret");
  const to = join(folder, "page");
  await buildPage(from, to);
  writeFileSync(join(to, "assets", "unlisted.js"), "secret");
  return to;
}

export { buildPage };
