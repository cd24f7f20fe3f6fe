import { Option } from "@commander-js/extra-typings";
import { type JsonValue, SESSION_TYPE_NAMES } from "@thulp-sessions/core";
import { setKey } from "@thulp-sessions/core/store";
import { InvalidArgumentError } from "commander";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { sessionTypeOf } from "../input/session-type.ts";
import { collect, parseCount } from "../input/when.ts";
import { printJson } from "../render/json.ts";

export function command(context: Context): AnyCommand {
  return newCommand("create")
    .description("Makes a new, active session and prints its id. A store that is not there yet is made too.")
    .argument("<name>", "its name")
    .addOption(
      new Option("--type <type>", "what it is").choices(SESSION_TYPE_NAMES).default("conversation" as const),
    )
    .option("--purpose <text>", "of a conversation")
    .option("--agent-name <name>", "of an agent")
    .option("--task <text>", "of a teacher_demo")
    .option("--model <name>", "of a teacher_demo")
    .option("--skill-name <name>", "of an evaluation or a refinement")
    .addOption(new Option("--test-cases <n>", "of an evaluation").argParser(parseCount(0)))
    .addOption(new Option("--iteration <n>", "of a refinement").argParser(parseCount(0)))
    .option("--tag <tag>", "a tag; again for more", collect)
    .option("--parent <id>", "the session it comes from")
    .option("--id <id>", "its id, a UUID; with it a repeat fails instead of making a second one")
    .option(
      "--context <key=value>",
      "a key of the context, the value JSON or else text; again for more",
      parsePair,
    )
    .option("--json", "the new session as JSON, instead of its id")
    .addHelpText(
      "after",
      examples(
        'create "Fix the build" --tag ci',
        "create Nightly --type evaluation --skill-name parse --test-cases 12",
        "id=$(thulp-sessions create Review --type agent --agent-name reviewer)",
      ).replace("$ thulp-sessions id=", "$ id="),
    )
    .action(async (name, options) => {
      const sessionType = sessionTypeOf(options);
      const manager = await context.manager({ create: true });
      const {
        metadata,
        context: kept,
        version,
      } = await manager.createSession(name, sessionType, {
        id: options.id,
        tags: options.tag,
        parentSession: options.parent,
        context: options.context,
      });
      if (options.json) await printJson(context.io, { metadata, context: kept, version });
      else await context.io.line(metadata.id);
    });
}

/** `key=value`, where a value that is JSON is taken as JSON. */
function parsePair(text: string, before: Record<string, JsonValue> | undefined): Record<string, JsonValue> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("expected KEY=VALUE.");
  const pairs = { ...before };
  setKey(pairs, text.slice(0, at), jsonOrText(text.slice(at + 1)));
  return pairs;
}

function jsonOrText(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
