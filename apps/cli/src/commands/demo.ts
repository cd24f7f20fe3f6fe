import { DEMO_TAG, writeDemo } from "@thulp-sessions/core/demo";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { printJson } from "../render/json.ts";
import { plural } from "../render/text.ts";

export function command(context: Context): AnyCommand {
  return newCommand("demo")
    .description(
      `Writes a few sessions to look at: an agent at work, a fork, an evaluation run of four versions. All have the tag ${DEMO_TAG}. A store that is not there yet is made.`,
    )
    .option("--json", "one JSON text: {build, run, sessions}")
    .addHelpText(
      "after",
      examples(
        "demo",
        "demo --store http://127.0.0.1:4664",
        `prune --tag ${DEMO_TAG} --before 2100-01-01 --yes   # takes them away again`,
      ),
    )
    .action(async ({ json }) => {
      const { io, now } = context;
      const manager = await context.manager({ create: true });
      const demo = await writeDemo(manager, now);
      if (json) return printJson(io, demo);
      await io.line(`${plural(demo.sessions, "session")} with the tag ${DEMO_TAG}`);
      await io.line(`An agent at work:    thulp-sessions show ${demo.build}`);
      await io.line(`The evaluation run:  thulp-sessions list --tag ${demo.run}`);
      await io.line("In the browser:      npm start, then thulp-sessions open");
    });
}
