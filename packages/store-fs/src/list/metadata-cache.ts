import fs from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { SessionMetadata } from "@thulp-sessions/core";
import { deepFreeze } from "@thulp-sessions/core/store";
import type { CoarseStamp } from "../disk/file-stamp.ts";
import { removeQuietly } from "../disk/write-file.ts";

/** Beside the sessions; everything in it may be removed at any time. */
export const CACHE_FOLDER = ".cache";

/** The number goes up whenever a process of before would take what stands there for something else. */
const FILE = "heads-1";

/** The metadata of a session, and the state of the file that it was read from. */
export interface RememberedHead {
  readonly metadata: SessionMetadata;
  readonly stamp: CoarseStamp;
}

type Row = readonly [
  metadata: SessionMetadata,
  dev: number,
  ino: number,
  size: number,
  mtimeMs: number,
  ctimeMs: number,
];

/**
 * What an earlier process has remembered of a folder, or nothing. It is as good as what this process remembers itself: each
 * head is used only while its file still is in that state.
 */
export function recallHeads(folder: string): RememberedHead[] {
  try {
    const text = fs.readFileSync(join(folder, CACHE_FOLDER, FILE), "utf8");
    const [sum = ""] = text.split("\n", 1);
    const rows = text.slice(sum.length + 1);
    // A loss of power can leave a part of it, or blanks.
    if (sum !== sumOf(rows)) return [];
    return (JSON.parse(rows) as Row[]).map(([metadata, dev, ino, size, mtimeMs, ctimeMs]) => ({
      metadata: deepFreeze(metadata),
      stamp: { dev, ino, size, mtimeMs, ctimeMs },
    }));
  } catch {
    // Whatever is wrong with it: the files themselves say the same.
    return [];
  }
}

/** Leaves them to later processes, as far as the folder can be written to. Not to version control: it holds for this disk. */
export function rememberHeads(folder: string, heads: readonly RememberedHead[]): void {
  const cache = join(folder, CACHE_FOLDER);
  const temporary = join(cache, `${FILE}.tmp-${process.pid}-${Math.random().toString(36).slice(2, 10)}`);
  try {
    const rows = JSON.stringify(
      heads.map(
        ({ metadata, stamp: { dev, ino, size, mtimeMs, ctimeMs } }): Row => [
          metadata,
          dev,
          ino,
          size,
          mtimeMs,
          ctimeMs,
        ],
      ),
    );
    fs.mkdirSync(cache, { mode: 0o700, recursive: true });
    fs.writeFileSync(join(cache, ".gitignore"), "*\n", { mode: 0o600 });
    // Names and tags are nobody else's business.
    fs.writeFileSync(temporary, `${sumOf(rows)}\n${rows}`, { mode: 0o600, flag: "wx" });
    fs.renameSync(temporary, join(cache, FILE));
  } catch {
    removeQuietly(temporary);
  }
}

function sumOf(text: string): string {
  return crc32(text).toString(16);
}
