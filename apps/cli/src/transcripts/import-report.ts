import { groupDigits } from "@thulp-sessions/core/text";
import type { FileReport } from "@thulp-sessions/transcripts";
import type { Context } from "../command/context.ts";
import { printJson } from "../render/json.ts";
import { oneLine, plural } from "../render/text.ts";
import { bytes as size } from "../render/time.ts";

const RESULTS = ["new", "grown", "changed", "unchanged", "duplicate", "skipped", "failed"] as const;
/** What a person wants to know of without asking. */
const TOLD: readonly string[] = ["changed", "duplicate", "skipped", "failed"];
/** What was asked for need not be told. */
const TOLD_OF_PART: readonly string[] = TOLD.filter((result) => result !== "skipped");
const COLUMN = 10;
/** Of one file. */
const SHOWN_PLACES = 10;

export interface ReportOptions {
  readonly dryRun?: boolean | undefined;
  /** Not everything was asked for: what was left out is only counted. */
  readonly isPart?: boolean | undefined;
  /** A line for every file. */
  readonly verbose?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** What became of every file and every byte, for a person or as JSON. */
export async function printImportReport(
  { io }: Context,
  reports: readonly FileReport[],
  { json, verbose, dryRun, isPart }: ReportOptions,
): Promise<void> {
  if (json) return printJson(io, { dryRun: dryRun ?? false, files: reports });
  for (const report of reports) {
    const told = isPart ? TOLD_OF_PART : TOLD;
    if (verbose || told.includes(report.result)) await io.line(fileLine(report));
    for (const each of report.refused) await io.line(`${"refused".padEnd(COLUMN)}  ${oneLine(each)}`);
    for (const each of redactedLines(report, verbose)) await io.line(each);
    for (const { path, reason } of report.sideFiles.skipped)
      await io.line(`${"not taken".padEnd(COLUMN)}  ${oneLine(path)}: ${oneLine(reason)}`);
  }
  const counts = RESULTS.map((result) => {
    const count = reports.filter((report) => report.result === result).length;
    return count === 0 ? "" : `${count} ${result}`;
  });
  const files = counts.filter((text) => text !== "").join(", ");
  await io.line(
    `${dryRun ? "dry run: nothing was written; " : ""}${plural(reports.length, "file")}: ${files || "none"}`,
  );
  const sum = sumsOf(reports);
  const added = listed([
    [sum.revised, "revised"],
    [sum.salvaged, "found in broken lines"],
  ]);
  await io.line(
    `${plural(sum.added, "entry", "entries")} added${added && ` (${added})`}, ${groupDigits(sum.present)} there already`,
  );
  const redacted = reports.reduce((count, report) => count + (report.redacted?.count ?? 0), 0);
  if (reports.some((report) => report.redacted))
    await io.line(`${plural(redacted, "secret")} redacted; what does not look like one is not seen`);
  if (sum.sideFiles > 0) await io.line(`${plural(sum.sideFiles, "file")} beside them added`);
  const where = listed(
    [
      [sum.unchanged, "unchanged"],
      [sum.records, "in records"],
      [sum.raw, "kept as they are"],
      [sum.blank, "blank"],
      [sum.tail, "in unfinished lines"],
    ],
    size,
  );
  if (sum.total > 0) await io.line(`${size(sum.total)}: ${where}`);
  const unknown = unknownKinds(reports);
  if (unknown.length > 0) io.note(`kept like all others, but never seen before: ${unknown.join(", ")}`);
}

/** Where secrets were replaced, and what they were. */
function redactedLines({ path, redacted }: FileReport, verbose: boolean | undefined): readonly string[] {
  if (!redacted || redacted.count === 0) return [];
  const told = redacted.places.slice(0, verbose ? undefined : SHOWN_PLACES);
  const lines = told.map(({ name, entry, path: within }) => {
    const where = entry === null ? "" : `entry ${entry}, `;
    return `${"redacted".padEnd(COLUMN)}  ${oneLine(path)}: ${where}${oneLine(within)}: ${name}`;
  });
  const more = redacted.count - told.length;
  return more > 0 ? [...lines, `${"redacted".padEnd(COLUMN)}  ${oneLine(path)}: and ${more} more`] : lines;
}

/** What is not zero. */
function listed(
  parts: readonly (readonly [number, string])[],
  format: (count: number) => string = String,
): string {
  return parts
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${format(count)} ${what}`)
    .join(", ");
}

/** What became of one file, in a line. */
export function fileLine({ result, path, reason, entries, name, redacted }: FileReport): string {
  const secrets = redacted && redacted.count > 0 ? `, ${plural(redacted.count, "secret")} redacted` : "";
  const facts =
    reason ??
    `${entries.added} added, ${entries.present} there${secrets}${name ? `  ${oneLine(name).slice(0, NAME_LENGTH)}` : ""}`;
  return `${result.padEnd(COLUMN)}  ${oneLine(path)}: ${oneLine(facts)}`;
}

const NAME_LENGTH = 60;

function sumsOf(reports: readonly FileReport[]) {
  const sum = { total: 0, unchanged: 0, records: 0, raw: 0, blank: 0, tail: 0 };
  const entries = { added: 0, present: 0, revised: 0, salvaged: 0 };
  const [ofBytes, ofEntries] = [keysOf(sum), keysOf(entries)];
  let sideFiles = 0;
  for (const report of reports) {
    for (const key of ofBytes) sum[key] += report.bytes[key];
    for (const key of ofEntries) entries[key] += report.entries[key];
    sideFiles += report.sideFiles.added;
  }
  return { ...sum, ...entries, sideFiles };
}

function keysOf<T extends object>(of: T): readonly (keyof T)[] {
  return Object.keys(of) as (keyof T)[];
}

function unknownKinds(reports: readonly FileReport[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { agent, unknownKinds: kinds } of reports)
    for (const [kind, count] of Object.entries(kinds)) {
      const key = `${agent} ${oneLine(kind)}`;
      counts.set(key, (counts.get(key) ?? 0) + count);
    }
  return [...counts].map(([kind, count]) => `${kind} (${count})`).sort();
}
