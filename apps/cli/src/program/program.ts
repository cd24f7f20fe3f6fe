import { Command, Option } from "@commander-js/extra-typings";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context, GlobalOptions } from "../command/context.ts";
import { VERSION } from "../command/version.ts";
import { Colors } from "../terminal/colors.ts";
import { COMMANDS } from "./commands.ts";

const EXIT_CODES = `
Exit codes: 0 done; 1 failed, or found what is wrong; 2 wrong command line or configuration; 130 ended by Ctrl-C.
The store: --store, then THULP_SESSIONS_STORE, then thulp-sessions.config.json, then sqlite:.thulp/sessions.db.
A session's id may be shortened where a command only looks: thulp-sessions show 0190a3c5`;

/** The whole program, with the one command loaded that `argv` names. */
export async function buildProgram(argv: readonly string[], context: Context): Promise<Command> {
  const { process } = context.io;
  const program = new Command("thulp-sessions")
    .description("Sessions of AI agents: look at them, follow, search, move and check them, in any store.")
    .version(VERSION, "-V, --version")
    .addOption(
      new Option(
        "--store <url>",
        "sqlite:PATH, fs:PATH, postgres://HOST/DB, http://HOST:PORT, shards:FILE, home: or transcripts:AGENT",
      ),
    )
    .addOption(new Option("--token-file <path>", "the file with the token of an http:// store"))
    .addOption(new Option("--token <token>", "the same; others on this machine may see it"))
    .addOption(
      new Option("--durability <which>", "full: survives a power cut; relaxed: the end of the process"),
    )
    .option("--read-only", "write nothing to the store, and refuse what would")
    .addOption(
      new Option("--deletion <how>", "secure: what is deleted is in no file any more; fast: in free space"),
    )
    .option("--no-color", "no colours, also on a terminal")
    .helpCommand("help [command]", "the help of a command")
    .exitOverride()
    .showHelpAfterError("See thulp-sessions --help.")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => process.stdout.write(context.io.shown(text)),
      writeErr: (text) => process.stderr.write(context.io.shown(text)),
      outputError: (text, write) => write(text.replace(/^error: /, "thulp-sessions: ")),
      getOutHelpWidth: () => context.io.width,
      getErrHelpWidth: () => context.io.width,
    })
    .addHelpText("after", EXIT_CODES)
    .hook("preAction", (root) => {
      context.globals = root.opts() as GlobalOptions;
      if (context.globals.color === false) context.io.colors = new Colors(false);
    });
  const named = commandIn(argv);
  for (const { name, summary, group, load } of COMMANDS) {
    const command = named.includes(name)
      ? inherit((await load())(context), program)
      : new Command(name).helpOption(false);
    program.addCommand(command.summary(summary).helpGroup(group));
  }
  return program;
}

/** All settings but the hint after an error, which names the command. */
function inherit(command: AnyCommand, program: Command): AnyCommand {
  const hint = `See thulp-sessions ${command.name()} --help.`;
  return command.copyInheritedSettings(program).showHelpAfterError(hint);
}

/** The words that may be the command: the first bare one, and what follows a `help`. */
function commandIn(argv: readonly string[]): string[] {
  const words: string[] = [];
  for (let i = 0; i < argv.length && words.length < 2; i++) {
    const word = argv[i] as string;
    if (/^--(?:store|token|token-file|durability|deletion)$/.test(word)) i++;
    else if (!word.startsWith("-")) words.push(word);
  }
  return words[0] === "help" ? words : words.slice(0, 1);
}
