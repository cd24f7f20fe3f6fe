import { isSessionError, type SessionStore } from "@thulp-sessions/core";
import type { AnyCommand } from "../commands.ts";
import type { Context } from "../context.ts";
import { EXIT, Failure } from "../exit.ts";
import { examples, newCommand } from "../new-command.ts";
import { printJson } from "../render/json.ts";
import { plural } from "../render/text.ts";

interface Found {
  /** For fs: the kinds of store-fs; elsewhere `damaged` or `unsupported`. */
  readonly kind: string;
  readonly sessionId?: string | undefined;
  readonly path?: string | undefined;
  readonly offset?: number | undefined;
  readonly reason: string;
}

interface DatabaseFinding {
  readonly message: string;
  readonly sessionId?: string | undefined;
  readonly field?: string | undefined;
}

/** What does not mean that something is wrong with a session. */
const HARMLESS = ["kept_bytes", "foreign", "temporary"];

export function command(context: Context): AnyCommand {
  return newCommand("check")
    .description(
      "Reads every session whole, and of an fs: store every file, and tells what is wrong: damaged, torn, misnamed, foreign, left over. Changes nothing. Exit code 1 when something is wrong; what is only foreign or left over is told and fine. Of a sqlite: store its pages, indices and counters too.",
    )
    .option("--json", "one JSON text: {sessions, findings}")
    .addHelpText("after", examples("check", "check --store fs:.thulp/sessions --json"))
    .action(async (options) => {
      const { io } = context;
      const { store: url, base } = await context.config();
      const store = await context.store();
      const { checkDatabase, inspectFiles } = await import("@thulp-sessions/config");
      const files = await inspectFiles(url, base);
      const inDatabase = await checkDatabase(url, base);
      const sessions = await store.count();
      const findings: readonly Found[] =
        files ?? inDatabase?.map(damagedInDatabase) ?? (await readAll(store));
      context.forgetWarnings();
      if (options.json) await printJson(io, { sessions, findings });
      else {
        for (const each of findings) await io.line(describe(each, io.colors));
        const wrong = findings.filter(({ kind }) => !HARMLESS.includes(kind)).length;
        await io.line(
          `${plural(sessions, "session")} looked at, ${wrong === 0 ? "nothing is wrong" : `${wrong} wrong`}`,
        );
        if (findings.some(({ kind }) => kind === "damaged"))
          io.note(
            files
              ? "thulp-sessions repair ID recovers what is whole of a damaged session."
              : inDatabase
                ? "thulp-sessions recover TO writes what can be read into a new store."
                : "What can be read of a damaged session: thulp-sessions show ID.",
          );
      }
      if (findings.some(({ kind }) => !HARMLESS.includes(kind))) throw new Failure("", EXIT.problem);
    });
}

function damagedInDatabase({ message, sessionId, field }: DatabaseFinding): Found {
  return { kind: "damaged", sessionId, reason: field === undefined ? message : `${field}: ${message}` };
}

function describe({ kind, sessionId, path, offset, reason }: Found, colors: Context["io"]["colors"]): string {
  const paint = HARMLESS.includes(kind) ? colors.dim : colors.red;
  const place = offset === undefined ? "" : ` (from byte ${offset})`;
  return `${paint(kind.padEnd(17))} ${path ?? sessionId ?? ""}: ${reason}${place}`;
}

async function readAll(store: SessionStore): Promise<Found[]> {
  const found = new Map<string, Found>();
  const stop = store.warnings.listen(({ code, message, sessionId, path }) => {
    found.set(sessionId ?? path ?? message, {
      kind: code === "corrupt" ? "damaged" : code,
      sessionId,
      path,
      reason: message,
    });
  });
  try {
    const { allSessions } = await import("@thulp-sessions/core");
    for await (const { id } of allSessions(store, { orderBy: "createdAt", direction: "asc" })) {
      const problem = await readOne(store, id);
      if (problem) found.set(id, problem);
    }
  } finally {
    stop();
  }
  return [...found.values()];
}

async function readOne(store: SessionStore, id: string): Promise<Found | null> {
  const { entryPages } = await import("@thulp-sessions/core");
  try {
    const { metadata, entryCount } = await store.head(id);
    let count = 0;
    for await (const { entries } of entryPages(store, metadata.id, 0, entryCount)) count += entries.length;
    // Fewer than before may only be when somebody has rewound it.
    if (count >= entryCount || (await store.head(id)).entryCount < entryCount) return null;
    return {
      kind: "damaged",
      sessionId: id,
      reason: `has ${entryCount} entries, of which ${count} can be read`,
    };
  } catch (error) {
    if (isSessionError(error, "not_found")) return null;
    if (!isSessionError(error, "corrupt") && !isSessionError(error, "unsupported")) throw error;
    const { code, message, details } = error;
    return {
      kind: code === "corrupt" ? "damaged" : "unsupported",
      sessionId: id,
      path: details.path,
      offset: details.offset,
      reason: message,
    };
  }
}
