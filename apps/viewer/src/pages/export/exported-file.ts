/** What can be made of a session, or of two. */
export type ExportFormat = "html" | "markdown" | "json" | "jsonl";

/** What was made. */
export interface ExportedFile {
  readonly blob: Blob;
  /** In how many places something was masked. */
  readonly masked: number;
}

export const MIME: Readonly<Record<ExportFormat, string>> = {
  html: "text/html",
  markdown: "text/markdown",
  json: "application/json",
  jsonl: "application/jsonl",
};

/** How the name of a file ends. */
export function endingOf(format: ExportFormat): string {
  return format === "markdown" ? "md" : format;
}
