import { completable } from "@modelcontextprotocol/server";
import { z } from "zod";
import { nameOf } from "./records.ts";
import { idsThatBegin } from "./resources.ts";
import type { Served } from "./served.ts";

/** Offers `continue_session` and `summarize_session`. */
export function registerPrompts(served: Served): void {
  registerPrompt(served, "continue_session", {
    title: "Continue a session",
    description: "Reads a past session and goes on where it ended.",
    task: (session) =>
      `Read ${session} with read_session: first its last entries, then what you need before them. Tell me in two sentences where it stood, and what you would do next. Then wait for my word.`,
  });
  registerPrompt(served, "summarize_session", {
    title: "Summarize a session",
    description: "What a past session was about, what was decided and what is open.",
    task: (session) =>
      `Read ${session} with read_session from its first entry on ("after" the last seq that you have read, until there is no more). Then write: what it was about, what was decided and why, what failed, and what is open. Name the seq of what you rely on.`,
  });
}

function registerPrompt(
  { server, sessions }: Served,
  name: string,
  {
    title,
    description,
    task,
  }: {
    readonly title: string;
    readonly description: string;
    readonly task: (session: string) => string;
  },
): void {
  const id = completable(z.string().max(100).describe("the id of the session"), (text) =>
    idsThatBegin(sessions, text),
  );
  server.registerPrompt(name, { title, description, argsSchema: z.object({ id }) }, async (args) => {
    const { metadata } = await sessions.head(args.id);
    // The name is somebody's text: as a JSON string it stays one thing, and ends where it ends.
    const text = task(`the session ${metadata.id} (its name: ${JSON.stringify(nameOf(metadata))})`);
    return { description, messages: [{ role: "user" as const, content: { type: "text" as const, text } }] };
  });
}
