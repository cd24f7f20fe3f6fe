import type { StoredEntry } from "@thulp-sessions/core";
import { mapEntry, mapJson, mapMetadata } from "@thulp-sessions/core/redaction";
import { markdownEntry, markdownHead } from "@thulp-sessions/core/text";
import type { EntryView } from "@thulp-sessions/core/view";
import { FILE_CLOSING, newFileEntry, newFileHeader } from "@thulp-sessions/store-fs/file-text";
import { loadView } from "../../content/entry-view.ts";
import { type ExportedFile, type ExportFormat, endingOf, MIME } from "./exported-file.ts";
import { type MaskChoice, Masker } from "./masker.ts";
import { type ExportedRange, readPages } from "./read-pages.ts";
import { HTML_CLOSING, htmlEntry, htmlHead } from "./session-html.tsx";

/**
 * Writes a session, page by page: no more of it is in the memory of the page at a time.
 *
 * @param onEntries hears how many entries have been written.
 * @throws {Error} when entries were taken away meanwhile.
 */
export async function makeFile(
  range: ExportedRange,
  format: ExportFormat,
  choice: MaskChoice,
  signal: AbortSignal,
  onEntries: (count: number) => void,
): Promise<ExportedFile> {
  const masker = new Masker(choice);
  const { head, first, last } = range;
  const metadata = mapMetadata(head.metadata, masker.mask);
  const context = mapJson(head.context, masker.mask);
  const entryCount = last - first + 1;
  const text = writerOf(format, await loadView(head.metadata.tags));
  const parts: Blob[] = [];
  let done = 0;
  for await (const page of readPages(range, signal)) {
    const texts = page.map((entry, i) => text(mapEntry(entry, masker.mask), done + i === 0));
    parts.push(new Blob(texts));
    done += page.length;
    onEntries(done);
  }
  const bytes = parts.reduce((sum, { size }) => sum + size, 0);
  const isWhole = entryCount === head.entryCount;
  const heads: Readonly<Record<ExportFormat, () => readonly [string, string]>> = {
    html: () => {
      const entries = isWhole ? String(entryCount) : `${first} to ${last} of ${head.entryCount}`;
      return [htmlHead({ metadata, context }, { entries, masked: masker.places > 0 }), HTML_CLOSING];
    },
    markdown: () => [markdownHead({ metadata, entryCount }), ""],
    json: () => [newFileHeader({ metadata, context }, bytes), FILE_CLOSING],
    jsonl: () => [`${JSON.stringify({ type: "session", metadata, context })}\n`, ""],
  };
  const [before, after] = heads[format]();
  return { blob: new Blob([before, ...parts, after], { type: MIME[format] }), masked: masker.places };
}

function writerOf(format: ExportFormat, view: EntryView): (entry: StoredEntry, isFirst: boolean) => string {
  switch (format) {
    case "html":
      return (entry) => htmlEntry(entry, view);
    case "markdown":
      return (entry) => markdownEntry(entry, view);
    case "json":
      return newFileEntry;
    case "jsonl":
      return ({ id, timestamp, entryType, content }) =>
        `${JSON.stringify({ type: "entry", id, timestamp, entryType, content })}\n`;
  }
}

/** What the file is called: the beginning of the name, and of the id. */
export function fileName(range: ExportedRange, format: ExportFormat, masked: boolean): string {
  const { name, id } = range.head.metadata;
  const words = (masked ? "" : name)
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
  const isWhole = range.last - range.first + 1 === range.head.entryCount;
  const places = isWhole ? "" : `-e${range.first}-${range.last}`;
  return `${[words, id.slice(0, 8)].filter((part) => part !== "").join("-")}${places}${masked ? "-masked" : ""}.${endingOf(format)}`;
}
