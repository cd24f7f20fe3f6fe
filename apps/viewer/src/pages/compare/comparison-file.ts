import type { SessionHead } from "@thulp-sessions/core";
import { type MapText, mapEntry, mapMetadata } from "@thulp-sessions/core/redaction";
import { loadView } from "../../content/entry-view.ts";
import type { Exportable } from "../export/export-form.tsx";
import { type ExportedFile, type ExportFormat, endingOf, MIME } from "../export/exported-file.ts";
import { type MaskChoice, Masker } from "../export/masker.ts";
import { HTML_CLOSING } from "../export/session-html.tsx";
import type { ComparedSide } from "./comparison-facts.ts";
import { comparisonHtmlHead, comparisonHtmlRow } from "./comparison-html.tsx";
import { comparisonMarkdownHead, comparisonMarkdownRow } from "./comparison-markdown.ts";
import { sumText } from "./comparison-sum.ts";
import type { Comparison } from "./read-comparison.ts";
import { differingEntries, readRows, type WholeRow } from "./read-rows.ts";

/** So many rows are put together before the page gets its turn. */
const ROWS_AT_A_TIME = 50;

/** Two sessions side by side as a file: what the page shows of them, with the contents whole. */
export function comparisonSource(comparison: Comparison): Exportable {
  const { left, right, rows } = comparison;
  return {
    total: differingEntries(rows),
    formats: [
      ["html", "HTML: one page with two columns, without script, that anybody can open"],
      ["markdown", "Markdown: for reading, in issues and documents"],
    ],
    async *look(review, signal) {
      // Of the context nothing gets into the file.
      for (const { metadata } of [left, right]) review.addSession(metadata, {}, false);
      for await (const group of groupsOf(comparison, signal)) {
        for (const row of group) {
          if (row.type === "changed" || row.type === "left") review.addEntry(left.metadata.id, row.left);
          if (row.type === "changed" || row.type === "right") review.addEntry(right.metadata.id, row.right);
        }
        yield;
      }
    },
    make: (format, choice, signal, onEntries) => makeFile(comparison, format, choice, signal, onEntries),
    fileName: (format, masked) =>
      `compare-${left.metadata.id.slice(0, 8)}-${right.metadata.id.slice(0, 8)}${masked ? "-masked" : ""}.${endingOf(format)}`,
    sideOf: (id) => (id === left.metadata.id ? "left " : "right "),
  };
}

async function makeFile(
  comparison: Comparison,
  format: ExportFormat,
  choice: MaskChoice,
  signal: AbortSignal,
  onEntries: (count: number) => void,
): Promise<ExportedFile> {
  const masker = new Masker(choice);
  const left = sideOf(comparison.left, masker.mask);
  const right = sideOf(comparison.right, masker.mask);
  const views = await Promise.all([
    loadView(comparison.left.metadata.tags),
    loadView(comparison.right.metadata.tags),
  ]);
  const isHtml = format === "html";
  const text = isHtml ? comparisonHtmlRow : comparisonMarkdownRow;
  const parts: Blob[] = [];
  let done = 0;
  for await (const group of groupsOf(comparison, signal)) {
    const texts = group.map((row) => text(maskedRow(row, masker.mask), views));
    parts.push(new Blob(texts));
    done += group.reduce((sum, row) => sum + entriesIn(row), 0);
    onEntries(done);
  }
  const about = { sum: sumText(comparison), masked: masker.places > 0 };
  const before = (isHtml ? comparisonHtmlHead : comparisonMarkdownHead)(left, right, about);
  const blob = new Blob([before, ...parts, isHtml ? HTML_CLOSING : ""], { type: MIME[format] });
  return { blob, masked: masker.places };
}

async function* groupsOf(comparison: Comparison, signal: AbortSignal): AsyncGenerator<readonly WholeRow[]> {
  let group: WholeRow[] = [];
  for await (const row of readRows(comparison, signal)) {
    group.push(row);
    if (group.length < ROWS_AT_A_TIME) continue;
    yield group;
    group = [];
    // Nothing may have been asked of the server: what the person does comes first all the same.
    await new Promise((resolve) => setTimeout(resolve));
  }
  if (group.length > 0) yield group;
}

function sideOf({ metadata, entryCount, turnCount }: SessionHead, mask: MapText): ComparedSide {
  return { metadata: mapMetadata(metadata, mask), entryCount, turnCount };
}

function maskedRow(row: WholeRow, mask: MapText): WholeRow {
  switch (row.type) {
    case "equal":
      return row;
    case "changed":
      return { ...row, left: mapEntry(row.left, mask), right: mapEntry(row.right, mask) };
    case "left":
      return { ...row, left: mapEntry(row.left, mask) };
    case "right":
      return { ...row, right: mapEntry(row.right, mask) };
  }
}

function entriesIn({ type }: WholeRow): number {
  return type === "equal" ? 0 : type === "changed" ? 2 : 1;
}
