import type { RecordParser } from "../model/agent-reader.ts";
import type { FileState } from "../model/file-state.ts";
import type { TranscriptStream } from "../model/transcript-stream.ts";
import type { AboutFile } from "./side-files.ts";

/** How far a file of lines was read: through its last line end, and what reading on from there needs. */
export interface ResumePoint {
  readonly parser: RecordParser;
  readonly stream: TranscriptStream;
  /** The name by which entries know the session. */
  readonly session: string;
  /** What the parser was told by other files. */
  readonly about: readonly AboutFile[];
}

/** About 150 bytes are held for each of these records. */
const MAX_RECORDS = 200_000;

/**
 * Where files that are imported again and again can be read on, as long as this process lives: a file that
 * has grown is not parsed from its beginning. That the bytes up to there are the same is for the import to
 * find out.
 */
export class ResumePoints {
  /** The least lately imported first. */
  readonly #points = new Map<string, ResumePoint>();
  #records = 0;

  /**
   * Removes the point of a file, since what reads on from it changes it, and gives it where it is the one
   * that this state was stored at.
   */
  take(path: string, session: string, { size, sha256 }: FileState): ResumePoint | undefined {
    const point = this.#points.get(path);
    if (!point) return undefined;
    this.#remove(path, point);
    const settled = point.stream.settled();
    const isSame = point.session === session && settled.size === size && settled.sha256 === sha256;
    return isSame ? point : undefined;
  }

  /** The last one is always kept, those before it while all of them do not hold too much. */
  keep(path: string, point: ResumePoint): void {
    const before = this.#points.get(path);
    if (before) this.#remove(path, before);
    this.#records += point.stream.records;
    this.#points.set(path, point);
    for (const [oldest, other] of this.#points) {
      if (this.#records <= MAX_RECORDS || other === point) return;
      this.#remove(oldest, other);
    }
  }

  #remove(path: string, { stream }: ResumePoint): void {
    this.#points.delete(path);
    this.#records -= stream.records;
  }
}
