import type { JsonObject, JsonValue, SessionEntry } from "@thulp-sessions/core";
import { objectOf, textOf } from "../model/fields.ts";
import type { StreamItem } from "../model/transcript-stream.ts";
import { type FileReport, NO_SIDE_FILES, type SideFilesReport } from "./report.ts";

/** What the report of a file counts. */
export class ImportCounters {
  readonly bytes = { total: 0, unchanged: 0, records: 0, raw: 0, blank: 0, tail: 0 };
  readonly entries = { added: 0, present: 0, revised: 0, salvaged: 0 };
  readonly refused: string[] = [];
  sideFiles: SideFilesReport = NO_SIDE_FILES;
  readonly #unknownKinds = new Map<string, number>();

  /** A line that has to be in the store. */
  item({ size, kind, line, tail }: StreamItem): void {
    if (tail && kind !== "record") this.bytes.tail += size;
    else this.bytes[kind === "record" ? "records" : kind] += size;
    if (line?.recordKind === undefined || line.known !== false) return;
    this.#unknownKinds.set(line.recordKind, (this.#unknownKinds.get(line.recordKind) ?? 0) + 1);
  }

  /** A line that was imported before. */
  known({ size, entries }: StreamItem): void {
    this.bytes.unchanged += size;
    this.entries.present += entries.length;
  }

  /** @param records of which records something was stored before. */
  entry(entry: SessionEntry, isAdded: boolean, records: ReadonlySet<string> | undefined): void {
    if (!isAdded) {
      this.entries.present++;
      return;
    }
    this.entries.added++;
    const key = recordKeyOf(entry);
    if (key !== null && records?.has(key)) this.entries.revised++;
    if (sourceOf(entry.content)?.["salvaged"] === true) this.entries.salvaged++;
  }

  report(of: Pick<FileReport, "path" | "agent" | "result" | "sessionId" | "name">): FileReport {
    const { bytes, entries, refused, sideFiles } = this;
    return {
      ...of,
      bytes: { ...bytes },
      entries: { ...entries },
      unknownKinds: Object.fromEntries(this.#unknownKinds),
      refused,
      sideFiles,
    };
  }
}

/** Which record an entry is of; a call and its result have one id. */
export function recordKeyOf({
  entryType,
  content,
}: Pick<SessionEntry, "entryType" | "content">): string | null {
  const recordId = textOf(sourceOf(content)?.["recordId"]);
  return recordId === undefined ? null : `${entryType.type} ${recordId}`;
}

function sourceOf(content: JsonValue): JsonObject | undefined {
  return objectOf(objectOf(content)?.["source"]);
}
