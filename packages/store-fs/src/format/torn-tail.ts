import { ENTRY_ENDING } from "../file-text/layout.ts";
import type { ByteSource } from "./byte-window.ts";

/**
 * What stands behind the last whole batch of a file in our layout:
 *
 * | what stands there                                                          | it is      | and then
 * |
 * | -------------------------------------------------------------------------- | ---------- |
 * ----------------------------- |
 * | the closing, and nothing behind it                                         | `intact`   | an append goes
 * on in place    |
 * | anything in which no write can have ended, or one                          | `torn`     | quarantined,
 * then cut off     |
 * | anything in which two writes ended                                         | `damaged`  | reported, left
 * as it is       |
 * | behind a truncate: nothing but batches older than it, and their remains    | `leftover` | cut off, not
 * kept             |
 *
 * An interrupted write can leave whole entries of its own, but only one of them can end it: where two do, the
 * file held an acknowledged write that is damaged now. Bytes that a truncate was about to remove were
 * acknowledged too, but are older than the truncate: writes that ended before it do not count.
 */
export type TailKind = "torn" | "damaged" | "leftover";

/** How much of the tail is in memory at once. */
const CHUNK_BYTES = 1024 * 1024;

/** The marks of an entry and the line of its brace are no longer. */
const LAST_LINES_BYTES = 128;

/**
 * @param from where the last whole batch ends, in bytes from the start of the source.
 * @param truncatedAt when the file was truncated in place, if that was its last change but for appends; else
 * -1.
 */
export function classifyTail(source: ByteSource, from: number, truncatedAt: number): TailKind {
  let ends = 0;
  for (const { batchTime } of writeEnds(source, from)) {
    if (batchTime >= 0 && batchTime < truncatedAt) continue;
    if (++ends > 1) return "damaged";
  }
  return truncatedAt >= 0 && ends === 0 ? "leftover" : "torn";
}

/** The marks of an entry, each on a line of its own, before the line of its brace. */
const MARKS = /(?:,\n {6}"(?:batch|more|grouped)": (?:"\d{1,16} \d+ [0-9a-f]+"|true)){1,2}$/;

/**
 * Every place in the tail at which a write can have ended. No line within an entry is indented as its last
 * one: that is found even where the rest of the entry is damaged.
 */
function* writeEnds(source: ByteSource, from: number): Generator<{ readonly batchTime: number }> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  // Where the next last line may begin; what is in memory begins before that, with the marks.
  for (let next = from; next < source.size; ) {
    const base = Math.max(from, next - LAST_LINES_BYTES);
    const part = buffer.subarray(0, Math.min(CHUNK_BYTES, source.size - base));
    const bytes = part.subarray(0, source.readInto(part, base));
    for (let at = bytes.indexOf(ENTRY_ENDING, next - base); at >= 0; ) {
      const [marks = ""] = MARKS.exec(bytes.toString("latin1", Math.max(0, at - LAST_LINES_BYTES), at)) ?? [];
      const [, time] = /"batch": "(\d+) /.exec(marks) ?? [];
      if (!/"(more|grouped)"/.test(marks)) yield { batchTime: time === undefined ? -1 : Number(time) };
      at = bytes.indexOf(ENTRY_ENDING, at + ENTRY_ENDING.length);
    }
    if (bytes.length < CHUNK_BYTES) return;
    next = base + bytes.length - ENTRY_ENDING.length + 1;
  }
}
