import type { SessionStatus } from "@thulp-sessions/core";
import type { AnyCommand } from "../commands.ts";
import type { Context } from "../context.ts";
import { examples, newCommand } from "../new-command.ts";
import { paintStatus } from "../render/styles.ts";
import { idToChange } from "../session-id.ts";

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
      .addHelpText("after", examples(`${name} $id`))
      .action(async (typed) => {
        const { io } = context;
        const manager = await context.manager();
        const ids: string[] = [];
        for (const each of typed) ids.push(await idToChange(context, manager.store, each));
        for (const id of ids) {
          await manager.updateSession(id, { status });
          await io.line(`${id}  ${paintStatus(status, io.colors)}`);
        }
      });
}
