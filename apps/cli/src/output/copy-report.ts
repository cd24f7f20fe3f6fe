import { type CopyOptions, type CopyReport, copySessions, type SessionStore } from "@thulp-sessions/core";
import type { Context } from "../command/context.ts";
import { printJson } from "../render/json.ts";
import { oneLine, plural, shownMessage } from "../render/text.ts";
import { EXIT, Failure } from "../terminal/exit.ts";
import { copyProgress } from "./progress.ts";

const SHOWN_PLACES = 10;

/**
 * Copies with progress until it is done or Ctrl-C is pressed.
 *
 * @throws {Failure} when it was interrupted; it can be gone on with then.
 */
export async function copyWithProgress(
  context: Context,
  from: SessionStore,
  to: SessionStore,
  options: CopyOptions,
): Promise<CopyReport> {
  const progress = copyProgress(context.io);
  const { rawCopy } = await import("@thulp-sessions/config");
  const raw = await rawCopy(from, to);
  return context.interruptible(async (signal) => {
    let done = 0;
    try {
      return await copySessions(from, to, {
        ...options,
        raw,
        signal,
        onProgress: (each) => {
          ({ done } = each);
          progress.update(each);
        },
      });
    } catch (error) {
      if (!signal.aborted) throw error;
      progress.stop();
      throw new Failure(
        `Interrupted after ${plural(done, "session")}. Run it again to go on: what is there already is skipped.`,
        EXIT.interrupted,
      );
    } finally {
      progress.stop();
      // The report has them.
      context.forgetWarnings();
    }
  });
}

/** Was every session of the source copied or there already? */
export function isComplete({ conflicts, inexact, unreadable, refused }: CopyReport): boolean {
  return conflicts.length + inexact.length + unreadable.length + refused.length === 0;
}

/** What became of the sessions, for a person or as JSON. */
export async function printReport(
  { io }: Context,
  report: CopyReport,
  json: boolean | undefined,
): Promise<void> {
  if (json) return printJson(io, report);
  const { copied, equal, replaced, conflicts, inexact, unreadable, refused } = report;
  const counts = [`${copied} copied`, `${equal} equal`];
  if (replaced > 0) counts.push(`${replaced} replaced`);
  if (conflicts.length > 0) counts.push(io.colors.yellow(`${conflicts.length} in conflict`));
  if (inexact.length > 0) counts.push(io.colors.yellow(`${inexact.length} would be rounded`));
  if (refused.length > 0) counts.push(io.colors.red(`${refused.length} refused`));
  if (unreadable.length > 0) counts.push(io.colors.red(`${unreadable.length} unreadable`));
  await io.line(counts.join(", "));
  for (const id of conflicts)
    await io.line(
      `conflict    ${id}: the target has it with other contents (--on-conflict newer, replace or skip)`,
    );
  for (const { id, places } of inexact) {
    const shown = places
      .slice(0, SHOWN_PLACES)
      .map((place) => (place === "context" ? "the context" : `#${place}`));
    const more = places.length > SHOWN_PLACES ? ` and ${places.length - SHOWN_PLACES} more` : "";
    await io.line(
      `rounded     ${id}: numbers beyond what JavaScript holds in ${shown.join(", ")}${more} (--allow-lossy rounds them)`,
    );
  }
  for (const { sessionId, message } of refused)
    await io.line(`refused     ${sessionId}: ${shownMessage(message)}`);
  for (const { sessionId, path, message } of unreadable)
    await io.line(`unreadable  ${oneLine(sessionId ?? path ?? "")}: ${shownMessage(message)}`);
}
