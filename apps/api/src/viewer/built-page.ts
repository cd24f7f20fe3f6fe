import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type ListedFile, MANIFEST, type PageManifest } from "./page-manifest.ts";
import { isPagePath } from "./page-paths.ts";

/** Where the build of this package has left the page. */
const FOLDER = fileURLToPath(new URL("./page/", import.meta.url));

/** A file of the page with its compressed copies. */
export interface PageFile {
  readonly type: string;
  /** Its name says what is in it: it never changes. */
  readonly isImmutable: boolean;
  /** Of its bytes. */
  readonly hash: string;
  /** The best first; the file as it stands is the last. */
  readonly copies: readonly PageCopy[];
}

export interface PageCopy {
  readonly encoding: "br" | "gzip" | "identity";
  readonly body: Buffer;
}

/**
 * The files of the viewer, in memory: what the build has listed, and nothing else. No path of a request gets
 * near the file system.
 */
export class BuiltPage {
  readonly #index: PageFile;
  /** By their paths under the root. */
  readonly #files: ReadonlyMap<string, PageFile>;

  private constructor(index: PageFile, files: ReadonlyMap<string, PageFile>) {
    this.#index = index;
    this.#files = files;
  }

  /**
   * Reads the page and compares every file with what the build has noted. Synchronous: a server that starts
   * waits for it, and for so many small files the way through the pool of threads takes longer.
   *
   * @param base what stands before the page's paths: empty, or e.g. `/sessions`.
   * @throws {Error} that says in words why there is none: it was not built, or is damaged.
   */
  static load(base = "", folder = FOLDER): BuiltPage {
    const { files } = JSON.parse(read(folder, MANIFEST).toString()) as PageManifest;
    const byPath = new Map(files.map((listed) => [`/${listed.path}`, load(folder, listed)]));
    const index = byPath.get("/index.html");
    if (!index) throw new Error("the page is damaged: its index.html is not listed");
    byPath.delete("/index.html");
    return new BuiltPage(base === "" ? index : under(base, index), byPath);
  }

  /** The file at a path under the base; `undefined` where there is none. */
  at(path: string): PageFile | undefined {
    return isPagePath(path) ? this.#index : this.#files.get(path);
  }
}

function load(folder: string, { path, type, sha256, copies }: ListedFile): PageFile {
  const checked = (name: string, hash: string) => {
    const body = read(folder, name);
    if (hashOf(body) !== hash) throw new Error(`the page is damaged: ${name} is not what was built`);
    return body;
  };
  const compressed = copies.map(({ encoding, end, sha256: hash }) => ({
    encoding,
    body: checked(`${path}${end}`, hash),
  }));
  return {
    type,
    isImmutable: path.startsWith("assets/"),
    hash: sha256,
    copies: [...compressed, { encoding: "identity", body: checked(path, sha256) }],
  };
}

/** The page refers to its files from the root; where it is embedded, that is elsewhere, and it is told so. */
function under(base: string, { type, copies }: PageFile): PageFile {
  const text = copies.at(-1)?.body.toString() ?? "";
  const moved = text
    .replaceAll(/(\s(?:src|href)=["'])\/(?!\/)/g, `$1${base}/`)
    .replace(/<head>/, `<head><meta name="thulp-base" content="${base}">`);
  const body = Buffer.from(moved);
  return {
    type,
    isImmutable: false,
    hash: hashOf(body),
    copies: [
      { encoding: "gzip", body: gzipSync(body) },
      { encoding: "identity", body },
    ],
  };
}

function read(folder: string, name: string): Buffer {
  try {
    return readFileSync(join(folder, name));
  } catch (cause) {
    if (name === MANIFEST && (cause as NodeJS.ErrnoException).code === "ENOENT")
      throw new Error("the page is not built: npm run build", { cause });
    throw new Error(`the page is damaged: ${name} cannot be read`, { cause });
  }
}

function hashOf(body: Buffer): string {
  return createHash("sha256").update(body).digest("base64url");
}
