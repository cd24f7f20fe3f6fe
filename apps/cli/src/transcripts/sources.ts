import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isRemote, parseStoreUrl, placeOf } from "@thulp-sessions/config";
import type { TranscriptSource } from "@thulp-sessions/transcripts";
import type { Context } from "../command/context.ts";
import { confirmOrYes } from "../terminal/confirm.ts";
import { Failure, usage } from "../terminal/exit.ts";
import { AGENT_NAMES, type AgentName, agentReader, rootsOf } from "./agents.ts";

export interface AskOptions {
  readonly from: AgentName | "auto";
  readonly yes?: boolean | undefined;
  /** Only the histories of this folder are meant. */
  readonly project?: string | undefined;
}

/**
 * Whose histories, and where: at the paths that were typed, or where they are on this machine.
 *
 * @throws {Failure} where there are none.
 */
export async function sourcesOf(
  context: Context,
  typed: readonly string[],
  from: AgentName | "auto",
): Promise<readonly TranscriptSource[]> {
  if (from === "auto" && typed.length > 0)
    throw usage(
      "--from auto finds the histories by itself. For a path, name the agent whose files these are.",
    );
  const { base, store } = await context.config();
  if (parseStoreUrl(store, base).kind === "transcripts")
    throw usage(
      `${store} is what agents have written, and may only be read. Say by --store where it shall go.`,
    );
  const sources: TranscriptSource[] = [];
  const looked: string[] = [];
  for (const name of from === "auto" ? AGENT_NAMES : [from]) {
    const reader = await agentReader(name);
    const paths =
      typed.length > 0 ? typed.map((path) => resolve(base, path)) : rootsOf(reader, context, base);
    // What lies nowhere in particular is not looked for.
    if (reader.folders.length > 0 || reader.rootFiles) looked.push(reader.title);
    if (paths.length > 0) sources.push({ reader, paths });
  }
  if (sources.length > 0) return sources;
  const name = from === "auto" ? "AGENT" : from;
  if (looked.length === 0) throw usage(`Where do they lie? --from ${name} PATH.`);
  throw new Failure(
    `No histories of ${looked.join(", ")} were found on this machine. Name the folder: --from ${name} PATH.`,
  );
}

/**
 * Histories of all projects are private: where others might get them, a person has to say so.
 *
 * @throws {Failure} when the answer is no, or nobody can be asked.
 */
export async function askFirst(
  context: Context,
  sources: readonly TranscriptSource[],
  isNamed: boolean,
  { from, yes, project }: AskOptions,
): Promise<void> {
  if (isNamed) return;
  const { io } = context;
  const { base, store: url } = await context.config();
  const found = sources
    .map(({ reader, paths }) => {
      const places = paths.map((path) => (typeof path === "string" ? path : path.path));
      return `${reader.title} (${places.join(", ")})`;
    })
    .join(", ");
  const location = parseStoreUrl(url, base);
  // Somebody else may run the server, or read it.
  if (isRemote(location))
    return confirmOrYes(
      io,
      yes,
      `The histories of ${project ?? "all projects"} would go to ${url}, of ${found}. Import them?`,
    );
  const place = placeOf(location);
  const tree = place === null ? null : workTreeOf(place);
  if (tree !== null && project === undefined)
    return confirmOrYes(
      io,
      yes,
      `${url} lies in the git work tree ${tree}: the histories of all projects would lie there, of ${found}. Import them?`,
    );
  if (from !== "auto") return;
  if (yes) io.note(`Found: ${found}`);
  await confirmOrYes(io, yes, `Found: ${found}. Import them into ${url}?`);
}

function workTreeOf(place: string): string | null {
  for (let at = dirname(place); ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
    if (dirname(at) === at) return null;
  }
}
