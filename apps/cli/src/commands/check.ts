import { maintenanceOf } from "@thulp-sessions/config";
import { isSessionError, type SessionStore, type StoreWarning } from "@thulp-sessions/core";
import type { StoreFinding } from "@thulp-sessions/core/store";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { printJson } from "../render/json.ts";
import { oneLine, plural, shownMessage } from "../render/text.ts";
import { requireStore } from "../store/store-place.ts";
import { EXIT, Failure } from "../terminal/exit.ts";

/** What does not mean that something is wrong with a session. */
const HARMLESS = ["kept_bytes", "foreign", "temporary", "in_use"];

/** What to do about damage, by what the store's maintenance can mend. */
const ADVICE = {
  session: "thulp-sessions repair ID recovers what is whole of a damaged session.",
  store: "thulp-sessions recover TO writes what can be read into a new store.",
  database: "Restore a backup of the database: docs/postgres.md.",
  shards: "A shard is mended or restored by its own URL: docs/sharding.md.",
  none: "What can be read of a damaged session: thulp-sessions show ID.",
};

export function command(context: Context): AnyCommand {
  return newCommand("check")
    .description(
      "Reads every session whole, and of an fs: store every file, and reports what is wrong: damaged, torn, misnamed, foreign, left over. Changes nothing. Exit code 1 when something is wrong; what is only foreign or left over is reported and fine. Of a sqlite: store its schema, pages, indices and counters too, of a postgres: store its counters and indices, of a shards: store each shard, and whether each session lies in its own.",
    )
    .option("--json", "one JSON text: {sessions, findings}")
    .addHelpText("after", examples("check", "check --store fs:.thulp/sessions --json"))
    .action(async (options) => {
      const { io } = context;
      const { store: url, base, readOnly } = await context.config();
      requireStore(url, base);
      const maintenance = await maintenanceOf(url, base, { readOnly });
      const found = await maintenance?.check();
      const sessions = await countSessions(context, found ?? []);
      const findings = found ?? (await readAll(await context.store(), context.takeWarnings()));
      context.forgetWarnings();
      if (options.json) await printJson(io, { sessions, findings });
      else {
        for (const each of findings) await io.line(describe(each, io.colors));
        const wrong = findings.filter(({ kind }) => !HARMLESS.includes(kind)).length;
        await io.line(
          `${sessions === null ? "no session can be" : plural(sessions, "session")} looked at, ${wrong === 0 ? "nothing is wrong" : `${wrong} wrong`}`,
        );
        if (findings.some(({ kind }) => kind === "damaged" || kind === "foreign_schema"))
          io.note(ADVICE[maintenance?.kind === "shards" ? "shards" : (maintenance?.unit ?? "none")]);
      }
      if (findings.some(({ kind }) => !HARMLESS.includes(kind))) throw new Failure("", EXIT.problem);
    });
}

/** `null` where the store cannot be opened for what was found. */
async function countSessions(context: Context, found: readonly StoreFinding[]): Promise<number | null> {
  try {
    const store = await context.store();
    return await store.count();
  } catch (error) {
    const isFound = isSessionError(error, "corrupt") || isSessionError(error, "unsupported");
    if (isFound && found.length > 0) return null;
    throw error;
  }
}

function describe(
  { kind, sessionId, path, offset, field, reason }: StoreFinding,
  colors: Context["io"]["colors"],
): string {
  const paint = HARMLESS.includes(kind) ? colors.dim : colors.red;
  const place = offset === undefined ? "" : ` (from byte ${offset})`;
  const what = shownMessage(field === undefined ? reason : `${field}: ${reason}`);
  return `${paint(kind.padEnd(17))} ${oneLine(path ?? sessionId ?? "")}: ${what}${place}`;
}

/** @param early what it has warned of when it was opened. */
async function readAll(store: SessionStore, early: readonly StoreWarning[]): Promise<StoreFinding[]> {
  const found = new Map<string, StoreFinding>();
  const take = ({ code, message, sessionId, path }: StoreWarning) => {
    found.set(sessionId ?? path ?? message, {
      kind: code === "corrupt" ? "damaged" : code,
      sessionId,
      path,
      reason: message,
    });
  };
  // Such as a transcript that cannot be read; not what concerns none.
  early.filter(({ sessionId, path }) => sessionId !== undefined || path !== undefined).forEach(take);
  const stop = store.warnings.listen(take);
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

async function readOne(store: SessionStore, id: string): Promise<StoreFinding | null> {
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
