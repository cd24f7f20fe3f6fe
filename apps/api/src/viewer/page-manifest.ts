/** The name of the list of files that `build-page.mjs` writes beside them. */
export const MANIFEST = "manifest.json";

/** A file of the page, as the build has left it. */
export interface ListedFile {
  /** In the folder, e.g. `assets/main.4f3a9c1b.js`. */
  readonly path: string;
  /** Its `content-type`. */
  readonly type: string;
  /** Of its bytes, in base64url. */
  readonly sha256: string;
  /** Its compressed copies: their `content-encoding`, the end of their names, the hashes of their bytes. */
  readonly copies: readonly {
    readonly encoding: "br" | "gzip";
    readonly end: string;
    readonly sha256: string;
  }[];
}

export interface PageManifest {
  readonly files: readonly ListedFile[];
}
