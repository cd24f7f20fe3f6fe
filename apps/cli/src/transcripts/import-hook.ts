import { existsSync } from "node:fs";
import { appendFile, mkdir, rename, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FileReport } from "@thulp-sessions/transcripts";
import type { Context } from "../command/context.ts";
import { redactionKey } from "../redaction/redaction-key.ts";
import { type AgentName, agentReader, rootsOf } from "./agents.ts";
import { loadKnownFiles, stateFolder } from "./known-files.ts";

/** The agent waits for its hooks. */
const DEADLINE_MS = 4500;
const MAX_INPUT_LENGTH = 1024 * 1024;
const MAX_LOG_BYTES = 1024 * 1024;

/**
 * `import --hook`: takes in the transcript that an agent tells its hook of, before the agent compacts or
 * deletes it. Whatever is wrong, the agent does not hear of it: it stands in the log.
 */
export async function importHook(
  context: Context,
  from: AgentName | "auto" | undefined,
  isRedacted: boolean | undefined,
): Promise<void> {
  // Also where a store, or standard input, keeps this process alive. Each append is whole or not there.
  const end = setTimeout(
    () => void log(context, `given up after ${DEADLINE_MS} ms`).finally(() => process.exit(0)),
    Math.max(0, DEADLINE_MS - performance.now()),
  );
  end.unref();
  try {
    await takeTold(context, from, isRedacted);
  } catch (error) {
    await log(context, (error as Error).message);
  }
  context.forgetWarnings();
}

async function takeTold(
  context: Context,
  from: AgentName | "auto" | undefined,
  isRedacted: boolean | undefined,
): Promise<void> {
  if (from === undefined || from === "auto")
    throw new Error("--hook wants to know whose: --from claude-code, for instance");
  const told = pathsIn(await readInput(context));
  const { importTranscripts } = await import("@thulp-sessions/transcripts");
  const reader = await agentReader(from);
  await context.preferHome();
  const store = await context.store({ create: true });
  const redact = isRedacted ? { key: await redactionKey() } : undefined;
  if (told.length > 0) return tell(context, await importTranscripts(store, reader, told, { redact }));
  // The agent has told of no file: what was changed is among all of them.
  const known = await loadKnownFiles(context, reader.agent);
  const options = { known: known?.files, redact };
  await tell(context, await importTranscripts(store, reader, rootsOf(reader, context), options));
  await known?.save();
}

async function tell(context: Context, reports: readonly FileReport[]): Promise<void> {
  for (const { result, path, reason, refused } of reports) {
    if (result === "failed") await log(context, `${path}: ${reason}`);
    for (const each of refused) await log(context, `${path}: ${each}`);
  }
}

/** What stands on standard input, to its end. */
async function readInput({ io }: Context): Promise<string> {
  const { stdin } = io.process;
  if (stdin.isTTY) throw new Error("nothing stands on standard input: --hook is for hooks of agents");
  // A chunk may end within a character.
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stdin) {
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    if (text.length > MAX_INPUT_LENGTH) throw new Error("standard input is too long for what a hook gets");
  }
  return text;
}

/** Of a session; each agent writes the name in its own way. */
const PATH_KEYS: readonly string[] = ["transcript_path", "transcriptPath"];
/** Of a sub-agent that has ended; the one that compacts a session of Claude Code keeps no transcript. */
const SUB_AGENT_KEY = "agent_transcript_path";

function pathsIn(input: string): readonly string[] {
  let told: unknown;
  try {
    told = JSON.parse(input);
  } catch {
    throw new Error("what stands on standard input is no JSON");
  }
  if (typeof told !== "object" || told === null)
    throw new Error("what stands on standard input is no object");
  const fields = told as Readonly<Record<string, unknown>>;
  const isPath = (path: unknown): path is string => typeof path === "string" && path !== "";
  const paths = PATH_KEYS.map((key) => fields[key]).filter(isPath);
  const ofSubAgent = fields[SUB_AGENT_KEY];
  const isThere = isPath(ofSubAgent) && (paths.length === 0 || existsSync(ofSubAgent));
  return isThere ? [...paths, ofSubAgent] : paths;
}

/** A line in `hook.log`, beside the state of imports. What cannot be written is lost. */
async function log(context: Context, message: string): Promise<void> {
  const path = join(stateFolder(context), "hook.log");
  const line = `${new Date().toISOString()} ${message.replaceAll(/\s+/g, " ")}\n`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const size = await stat(path).then(
      (stats) => stats.size,
      () => 0,
    );
    if (size > MAX_LOG_BYTES) await rename(path, `${path}.old`);
    await appendFile(path, line, { mode: 0o600 });
  } catch {
    // Nobody can be told.
  }
}
