import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { usage } from "../terminal/exit.ts";
import { agentViews } from "../transcripts/entry-views.ts";

export function command(context: Context): AnyCommand {
  return newCommand("mcp")
    .description(
      "Serves the sessions to an agent, over standard input and output (MCP): it can find and read what was said and done before. The agent starts this command by itself; docs/mcp.md says how to add it to yours.",
    )
    .option("--write", "also let the agent create, append to, fork and change sessions; none deletes")
    .option("--tag <tag>", "only the sessions with this tag, such as project:/home/me/app")
    .option("--max-chars <n>", "the longest answer, in characters", "40000")
    .addHelpText("after", examples("mcp", "mcp --store http://127.0.0.1:4664 --tag project:/home/me/app"))
    .action(async ({ write, tag, maxChars }) => {
      const max = /^\d{1,9}$/.test(maxChars) ? Number(maxChars) : Number.NaN;
      if (!(max >= 4000)) throw usage("--max-chars is a whole number of 4000 or more");
      if (tag === "") throw usage("--tag needs a tag");
      const manager = await context.manager({ create: write ?? false });
      context.showWarningsImmediately();
      const { serveStdio } = await import("@thulp-sessions/mcp");
      await context.interruptible(async (signal) => {
        const served = serveStdio(manager, {
          write,
          tag,
          maxChars: max,
          views: await agentViews(),
          input: context.io.process.stdin,
          output: context.io.process.stdout,
          onError: (error) => context.warn(error.message),
        });
        signal.addEventListener("abort", () => void served.close());
        await served.ended;
        await served.close();
      });
    });
}
