import { isSessionError, type SessionMetadata } from "@thulp-sessions/core";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { idToChange } from "../input/session-id.ts";
import { printJson } from "../render/json.ts";
import { plural, shownName } from "../render/text.ts";
import { confirmOrYes } from "../terminal/confirm.ts";
import { Failure } from "../terminal/exit.ts";

interface Candidate {
  readonly id: string;
  /** Absent for a damaged one. */
  readonly metadata?: SessionMetadata;
  readonly version?: string;
}

export function command(context: Context): AnyCommand {
  return newCommand("delete")
    .description("Deletes sessions, damaged ones too. They are gone; prune deletes many by their age.")
    .argument("<id...>", "the sessions, their whole ids")
    .option("-y, --yes", "do not ask")
    .option("--dry-run", "only say what would be deleted")
    .option("--json", "which as a JSON list: [{id, deleted}]")
    .addHelpText("after", examples("delete $id", "delete $id $other --yes", "delete $id --dry-run"))
    .action(async (typed, options) => {
      const { io } = context;
      const store = await context.store();
      const candidates: Candidate[] = [];
      for (const each of typed) {
        const id = await idToChange(context, store, each);
        if (!candidates.some((other) => other.id === id)) candidates.push(await preflight(id));
      }
      const lines = candidates.map(
        ({ id, metadata }) => `${id}  ${metadata ? shownName(metadata.name) : "(cannot be read)"}`,
      );
      if (options.dryRun && options.json)
        return printJson(
          io,
          candidates.map(({ id }) => ({ id, deleted: false })),
        );
      if (options.dryRun) return io.print(`${lines.map((line) => `would delete  ${line}`).join("\n")}\n`);
      if (!options.yes) for (const line of lines) io.note(line);
      await confirmOrYes(
        io,
        options.yes,
        `Delete ${candidates.length === 1 ? "this session" : plural(candidates.length, "session")} for good?`,
      );
      const done: { readonly id: string; readonly deleted: boolean }[] = [];
      for (const [i, { id, version }] of candidates.entries()) {
        // What was written while the question stood there is not to go unseen.
        const deleted = await store.delete(id, version === undefined ? {} : { expectedVersion: version });
        done.push({ id, deleted });
        if (!options.json) await io.line(`${deleted ? "deleted" : "was gone already"}  ${lines[i]}`);
      }
      if (options.json) await printJson(io, done);

      async function preflight(id: string): Promise<Candidate> {
        try {
          const { metadata, version } = await store.head(id);
          return { id, metadata, version };
        } catch (error) {
          if (isSessionError(error, "corrupt") || isSessionError(error, "unsupported")) return { id };
          if (isSessionError(error, "not_found"))
            throw new Failure(`There is no session ${id} in ${store.location}. Nothing was deleted.`);
          throw error;
        }
      }
    });
}
