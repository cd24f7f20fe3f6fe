import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { visibleText } from "@thulp-sessions/core/text";
import { conformanceCases } from "../cases.ts";
import type { ConformanceCase, SubjectFactory } from "../conformance-case.ts";
import { type Connect, sharedServer } from "./shared-server.ts";

const USAGE = `Usage: store-conformance URL [CASE...] [--token-file FILE]

Runs the store contract against the server at URL, e.g. http://127.0.0.1:4664, or only the cases with these ids.
THE SUITE DELETES ALL SESSIONS OF THE SERVER: it starts only while there are none.

  --token-file FILE  the bearer token of the server stands in this file
  -h, --help         this text

Exit code: 0 when every case passed, 1 when one failed, 2 when the suite could not begin.`;

/** A case that takes longer than this has failed, in milliseconds; the slowest take a few seconds. */
const CASE_TIMEOUT_MS = 60_000;

/** Where the command writes, a line at a time. */
export interface Output {
  print(line: string): void;
  complain(line: string): void;
}

interface Wanted {
  readonly url: string;
  readonly token: string | undefined;
  readonly cases: readonly ConformanceCase[];
}

/** The whole command. @returns its exit code. */
export async function run(argv: readonly string[], output: Output): Promise<number> {
  let wanted: Wanted | undefined;
  let factory: SubjectFactory;
  try {
    wanted = wantedBy(argv);
    if (wanted === undefined) {
      output.print(USAGE);
      return 0;
    }
    factory = sharedServer(await openerOf(wanted));
    await refuseSessions(factory);
  } catch (error) {
    output.complain(`store-conformance: ${messageOf(error)}`);
    return 2;
  }
  let failed = 0;
  for (const each of wanted.cases) {
    const problem = await problemOf(each, factory);
    if (problem !== undefined) failed++;
    output.print(`${problem === undefined ? "ok    " : "FAILED"} ${each.id}: ${each.name}${problem ?? ""}`);
  }
  output.print(`${wanted.cases.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** `undefined` when help is wanted. */
function wantedBy(argv: readonly string[]): Wanted | undefined {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { help: { type: "boolean", short: "h" }, "token-file": { type: "string" } },
  });
  if (values.help) return undefined;
  const [url, ...ids] = positionals;
  if (url === undefined) throw new Error("the URL of a server is missing. See --help.");
  const unknown = ids.find((id) => !conformanceCases.some((each) => each.id === id));
  if (unknown !== undefined) throw new Error(`there is no case ${unknown}.`);
  const file = values["token-file"];
  return {
    url,
    // An editor ends the line; the token does not.
    token: file === undefined ? undefined : readFileSync(file, "utf8").replace(/\r?\n$/, ""),
    cases: ids.length === 0 ? conformanceCases : conformanceCases.filter(({ id }) => ids.includes(id)),
  };
}

/** Loaded only here: whoever runs the cases in a test needs no client. */
async function openerOf({ url, token }: Wanted): Promise<Connect> {
  const { openRemoteStore } = await import("@thulp-sessions/client");
  return (options) => openRemoteStore({ url, token, ...options });
}

async function refuseSessions(factory: SubjectFactory): Promise<void> {
  const subject = await factory();
  const store = await subject.open();
  try {
    const count = await store.count();
    if (count === 0) return;
    throw new Error(
      `the server has ${count} sessions, which the suite would delete. Start one over an empty store for it.`,
    );
  } finally {
    await store.close();
  }
}

/** What follows the name of a case that fails, in one line. */
async function problemOf(each: ConformanceCase, factory: SubjectFactory): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`it has not ended after ${CASE_TIMEOUT_MS / 1000} s`)),
      CASE_TIMEOUT_MS,
    );
  });
  try {
    await Promise.race([each.run(factory), late]);
    return undefined;
  } catch (error) {
    return ` (${each.clauses.join(", ")}): ${messageOf(error).replaceAll(/\s+/g, " ")}`;
  } finally {
    clearTimeout(timer);
  }
}

function messageOf(error: unknown): string {
  return visibleText(error instanceof Error ? error.message : String(error));
}
