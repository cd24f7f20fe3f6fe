import { isUtf8 } from "node:buffer";
import { ByteWindow } from "./byte-window.ts";
import { passLaidOutEntry } from "./canonical-entry.ts";
import {
  CLOSING,
  ENTRY_BEGINNING,
  endsWith,
  FIRST_SEPARATOR,
  isTimeLost,
  SEPARATOR,
  standsAt,
  UPDATED_AT_OFFSET,
  updatedAtText,
} from "./canonical-layout.ts";
import {
  type DecodedContext,
  type DecodedEntry,
  type DecodedMetadata,
  decodeEntry,
  type PassedEntry,
  type Range,
  type RawField,
} from "./codec.ts";
import { SessionWalk } from "./file-walker.ts";
import { Damage } from "./format-error.ts";
import { JsonScanner } from "./json-scanner.ts";

/** What stands where in the bytes of a session file. */
export interface SessionScan {
  readonly metadata: DecodedMetadata;
  readonly context: DecodedContext;
  /** Unknown members of the session itself. */
  readonly unknown: readonly RawField[];
  /** The entries that count: all before the damage, or all of whole batches before a torn tail. */
  readonly entries: readonly DecodedEntry[];
  /** Behind the `[` of the entries. */
  readonly entriesStart: number;
  /** Byte for byte as we write it, but for a torn tail: then an append can write in place. */
  readonly ours: boolean;
  /** What a crash left behind the last whole batch. */
  readonly torn: Range | null;
  /** The first place that is not right, unless it is a torn tail. */
  readonly damage: Damage | null;
}

/** Reads a whole file. Throws {@link Damage} when not even the metadata can be read. */
export function scanSession(bytes: Buffer): SessionScan {
  return isTimeLost(bytes) ? scanWithoutTime(bytes) : scanBytes(bytes);
}

/** Is all of a file there, and right? Says of a file what `scanSession` does when it finds neither damage nor a torn tail. */
export function isSound(bytes: Buffer): boolean {
  if (isTimeLost(bytes)) return false;
  const walk = new SessionWalk(
    ByteWindow.over(bytes),
    (scanner): PassedEntry => passLaidOutEntry(scanner) ?? decodeEntry(scanner),
    () => {},
  );
  return walk.run() === null && walk.metadata !== undefined;
}

/** A crash in the middle of an append: its time is gone, so that of the last entry stands in, until the next write. */
function scanWithoutTime(bytes: Buffer): SessionScan {
  const timed = Buffer.from(bytes);
  timed.write(updatedAtText(0), UPDATED_AT_OFFSET);
  const scan = scanBytes(timed);
  const { value } = scan.metadata;
  const updatedAt = scan.entries.reduce(
    (latest, { timestamp }) => Math.max(latest, timestamp),
    value.createdAt,
  );
  const end = scan.entries.at(-1)?.end ?? scan.entriesStart;
  return {
    ...scan,
    metadata: { ...scan.metadata, value: { ...value, updatedAt } },
    torn: scan.damage ? null : (scan.torn ?? { start: end, end: bytes.length }),
  };
}

function scanBytes(bytes: Buffer): SessionScan {
  const entries: DecodedEntry[] = [];
  const walk = new SessionWalk(ByteWindow.over(bytes), decodeEntry, (entry) => entries.push(entry));
  const damage = walk.run();
  if (!walk.metadata) throw damage ?? new Damage('session: field "metadata" is missing', 0);
  const entriesStart = walk.entriesStart;
  const common = {
    metadata: walk.metadata,
    context: walk.context,
    unknown: walk.unknown,
    entriesStart,
  };
  if (!damage) {
    return { ...common, entries, ours: walk.isOurs(), torn: null, damage: null };
  }
  if (!walk.looksOurs || entriesStart === 0) return { ...common, entries, ours: false, torn: null, damage };
  const whole = entries.slice(0, entries.findLastIndex(({ more }) => !more) + 1);
  const from = whole.at(-1)?.end ?? entriesStart;
  if (!isTornTail(bytes, from)) return { ...common, entries, ours: false, torn: null, damage };
  return { ...common, entries: whole, ours: true, torn: { start: from, end: bytes.length }, damage: null };
}

/**
 * The entries that an append has put behind the others, from its separator at `start` to the closing; `null` when
 * something else stands there.
 */
export function scanTail(bytes: Buffer, start: number): PassedEntry[] | null {
  const scanner = new JsonScanner(bytes, start);
  const entries: PassedEntry[] = [];
  if (!isUtf8(bytes.subarray(start))) return null;
  try {
    while (!endsWith(bytes, scanner.position, CLOSING)) {
      if (!standsAt(bytes, scanner.position, SEPARATOR)) return null;
      scanner.position += SEPARATOR.length;
      entries.push(passLaidOutEntry(scanner) ?? decodeEntry(scanner));
    }
    return entries;
  } catch (error) {
    if (error instanceof Damage) return null;
    throw error;
  }
}

/**
 * Can what follows the last whole batch be what one interrupted write has left? It can hold entries of that write, but
 * only one of them can end it. Where two do, an acknowledged write has been damaged.
 */
function isTornTail(bytes: Buffer, from: number): boolean {
  let ends = 0;
  let at = bytes.indexOf(ENTRY_BEGINNING, from);
  while (at >= 0) {
    const next = bytes.indexOf(ENTRY_BEGINNING, at + 1);
    if (endsWrite(bytes, at + FIRST_SEPARATOR.length, next < 0 ? bytes.length : next) && ++ends > 1)
      return false;
    at = next;
  }
  return true;
}

/** Does a write end with the entry that begins at `start`? Of one that cannot be read its last line tells, if it is whole. */
function endsWrite(bytes: Buffer, start: number, next: number): boolean {
  try {
    const { more, grouped } = decodeEntry(new JsonScanner(bytes, start));
    return !more && !grouped;
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
  }
  const text = bytes.toString("latin1", Math.max(start, next - 64), next);
  return (
    /\n {4}\}(,|\n {2}\]\n\})?$/.test(text) && !/"(more|grouped)": true\n {4}\}(,|\n {2}\]\n\})?$/.test(text)
  );
}
