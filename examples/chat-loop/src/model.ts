import { setTimeout as pause } from "node:timers/promises";

export interface Message {
  readonly role: "user" | "assistant";
  readonly text: string;
}

/**
 * Answers a conversation piece by piece, until it is done or `signal` says that nobody wants to hear more.
 */
export type Model = (messages: readonly Message[], signal: AbortSignal) => AsyncIterable<string>;

/**
 * Stands in for a model, so that this runs offline. A real one goes here: send `messages` to its API with
 * `fetch` and `signal`, and yield the text of each event that it streams.
 */
export const fakeModel: Model = async function* (messages, signal) {
  const questions = messages.filter(({ role }) => role === "user");
  const answer = `That was message ${questions.length} of this conversation. You said: ${questions.at(-1)?.text}`;
  for (const word of answer.split(/(?<= )/)) {
    await pause(20, undefined, { signal });
    yield word;
  }
};
