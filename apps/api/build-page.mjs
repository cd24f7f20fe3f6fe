// Takes the page of the viewer into this package: its files, each with compressed copies beside it, and the
// list of them all, by which the server knows them. Where apps/viewer is not built there is no page, and the
// server says so.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

/** The best first. A copy is kept where it saves something. */
const COPIES = [
  {
    encoding: "br",
    end: ".br",
    compress: (bytes) =>
      promisify(brotliCompress)(bytes, {
        params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
      }),
  },
  { encoding: "gzip", end: ".gz", compress: (bytes) => promisify(gzip)(bytes, { level: 9 }) },
];

/**
 * @param from what apps/viewer has built.
 * @param to what is there is replaced.
 * @returns how many files the page has; 0 where it is not built.
 */
export async function buildPage(from, to) {
  await rm(to, { recursive: true, force: true });
  if (!existsSync(join(from, "index.html"))) return 0;
  const names = (await readdir(from, { withFileTypes: true, recursive: true }))
    .filter((each) => each.isFile())
    .map((each) =>
      relative(from, join(each.parentPath ?? each.path, each.name))
        .split(sep)
        .join("/"),
    )
    .sort();
  const files = await Promise.all(names.map((name) => take(from, to, name)));
  await writeFile(join(to, "manifest.json"), `${JSON.stringify({ files }, null, 2)}\n`);
  return files.length;
}

async function take(from, to, path) {
  const type = TYPES[extname(path)];
  if (type === undefined)
    throw new Error(`${path}: which type is it? Add it to TYPES of apps/api/build-page.mjs.`);
  const bytes = path === "index.html" ? await readIndex(from) : await readFile(join(from, path));
  await mkdir(dirname(join(to, path)), { recursive: true });
  await writeFile(join(to, path), bytes);
  const copies = [];
  for (const { encoding, end, compress } of COPIES) {
    const packed = await compress(bytes);
    if (packed.length >= bytes.length) continue;
    await writeFile(join(to, `${path}${end}`), packed);
    copies.push({ encoding, end, sha256: hashOf(packed) });
  }
  return { path, type, sha256: hashOf(bytes), copies };
}

/** All addresses of the page are this file: what it refers to stands under the root, not beside them. */
async function readIndex(from) {
  const text = await readFile(join(from, "index.html"), "utf8");
  return Buffer.from(text.replaceAll(/(\s(?:src|href)=["'])\.\//g, "$1/"));
}

function hashOf(bytes) {
  return createHash("sha256").update(bytes).digest("base64url");
}

const here = dirname(fileURLToPath(import.meta.url));
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const count = await buildPage(join(here, "..", "viewer", "dist"), join(here, "dist", "viewer", "page"));
  if (count === 0)
    process.stderr.write("@thulp-sessions/api: apps/viewer is not built: the server will have no page\n");
}
