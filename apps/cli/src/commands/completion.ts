import { Argument } from "@commander-js/extra-typings";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { newCommand } from "../command/new-command.ts";
import { completionScript, SHELLS } from "../output/completion-scripts.ts";

export function command(context: Context): AnyCommand {
  return newCommand("completion")
    .description(
      "Prints what makes a shell complete commands, options, values and session ids (newest first).",
    )
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .addHelpText(
      "after",
      `
To use it:
  bash  eval "$(thulp-sessions completion bash)"                in ~/.bashrc
  zsh   eval "$(thulp-sessions completion zsh)"                 in ~/.zshrc, behind compinit
  fish  thulp-sessions completion fish | source                 in ~/.config/fish/config.fish`,
    )
    .action(async (shell) => context.io.print(completionScript(shell)));
}
