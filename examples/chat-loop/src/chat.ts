import type { Interface } from "node:readline";
import { isSessionError, type SessionManager } from "@thulp-sessions/core";
import { Conversation } from "./conversation.ts";
import type { Model } from "./model.ts";

const HELP = "Enter asks again, /new starts another conversation, /quit or Ctrl-C ends.";

export interface Terminal {
  /** Gives the lines that are typed, until it is closed. */
  readonly lines: Interface;
  readonly write: (text: string) => void;
}

/**
 * Talks until the input ends or `stop` is aborted. The conversation stays open: the next start goes on with
 * it.
 */
export async function chat(
  manager: SessionManager,
  model: Model,
  { lines, write }: Terminal,
  stop: AbortSignal,
): Promise<void> {
  let answering: AbortController | undefined;
  stop.addEventListener("abort", () => lines.close());
  // In a terminal Ctrl-C interrupts the answer; where there is none, it ends the program.
  lines.on("SIGINT", () => (answering ? answering.abort() : lines.close()));
  // At once: a line that comes before somebody asks for it would be lost.
  const typedLines = lines[Symbol.asyncIterator]();
  let conversation = await Conversation.resume(manager);
  write(`Session ${conversation.id}. ${HELP}\n`);
  for (const { role, text } of conversation.messages.slice(-4)) write(`${role}: ${text}\n`);
  if (conversation.awaitsAnswer) write("Your last message has no answer yet.\n");
  write("> ");
  for await (const typed of typedLines) {
    const line = typed.trim();
    if (line === "/quit") break;
    if (line === "/new") {
      await conversation.end();
      conversation = await Conversation.start(manager);
      write(`Session ${conversation.id}\n`);
    } else if (line !== "") {
      await conversation.say(line);
    }
    if (conversation.awaitsAnswer) {
      answering = new AbortController();
      try {
        await conversation.answer(model, AbortSignal.any([stop, answering.signal]), write);
        write("\n");
      } catch (error) {
        // What the store refuses is not to be talked away; a model may be asked again.
        if (isSessionError(error)) throw error;
        const interrupted = stop.aborted || answering.signal.aborted;
        const reason = interrupted ? "Interrupted" : `The model failed: ${error}`;
        write(`\n${reason}. Your message is kept: Enter asks again.\n`);
      } finally {
        answering = undefined;
      }
    }
    if (stop.aborted) break;
    write("> ");
  }
  write("\n");
}
