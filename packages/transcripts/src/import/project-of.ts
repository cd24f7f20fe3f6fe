import { posix, win32 } from "node:path";
import type { TranscriptFile } from "../files/transcript-file.ts";
import type { AgentReader } from "../model/agent-reader.ts";
import { sessionNameOf } from "../model/session-ids.ts";
import { streamOf } from "./open-stream.ts";
import { readAbout } from "./side-files.ts";

/**
 * The folder in which the agent has worked, by the first record that says so; `undefined` where none does,
 * for which all of the file is read.
 */
export async function projectOf(reader: AgentReader, file: TranscriptFile): Promise<string | undefined> {
  const parser = reader.parser(file);
  if (file.about) parser.about?.(file.about);
  for (const { record } of await readAbout(file.sideFiles)) parser.about?.(record);
  if (parser.facts().cwd !== undefined) return parser.facts().cwd;
  const stream = streamOf(reader, file, sessionNameOf(file), parser);
  for await (const chunk of file.open()) {
    for (const _ of stream.push(chunk)) if (parser.facts().cwd !== undefined) return parser.facts().cwd;
  }
  stream.finish(true);
  return parser.facts().cwd;
}

/**
 * Is it the folder, or one within? By the rules of the system whose path it is: histories are moved from
 * machine to machine, and on another system a path of Windows would be one that is relative.
 */
export function isWithin(path: string, folder: string): boolean {
  if (isOfWindows(path) !== isOfWindows(folder)) return false;
  const { relative, isAbsolute, sep } = isOfWindows(path) ? win32 : posix;
  if (!isAbsolute(path)) return false;
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** A drive, or the share of a machine. */
function isOfWindows(path: string): boolean {
  return /^(?:[A-Za-z]:[\\/]|\\\\)/.test(path);
}
