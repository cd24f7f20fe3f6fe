import type { SessionMetadata, SessionStatus } from "@thulp-sessions/core";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { idToChange } from "../input/session-id.ts";
import { printJson } from "../render/json.ts";
import { paintStatus } from "../render/styles.ts";

const STATUSES = {
  complete: "completed",
  fail: "failed",
  cancel: "cancelled",
  pause: "paused",
  resume: "active",
} as const satisfies Readonly<Record<string, SessionStatus>>;

export function statusCommand(name: keyof typeof STATUSES): (context: Context) => AnyCommand {
  const status = STATUSES[name];
  return (context) =>
    newCommand(name)
      .description(`Gives sessions the status "${status}".`)
      .argument("<id...>", "the sessions, their whole ids")
      .option("--json", "the sessions as they are now, as a JSON list")
      .addHelpText("after", examples(`${name} $id`))
      .action(async (typed, { json }) => {
        const { io } = context;
        const manager = await context.manager();
        const ids: string[] = [];
        for (const each of typed) ids.push(await idToChange(context, manager.store, each));
        // One that is not there is reported before any is changed.
        for (const id of ids) await manager.store.head(id);
        const changed: SessionMetadata[] = [];
        for (const id of ids) {
          changed.push((await manager.updateSession(id, { status })).metadata);
          if (!json) await io.line(`${id}  ${paintStatus(status, io.colors)}`);
        }
        if (json) await printJson(io, changed);
      });
}
