import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { Annotation, interrupt, MessagesAnnotation, StateGraph } from "@langchain/langgraph";
import type { SessionStore } from "@thulp-sessions/core";
import { ThulpSaver } from "@thulp-sessions/langgraph";

const State = Annotation.Root({ ...MessagesAnnotation.spec, approved: Annotation<boolean> });

/** A graph that asks a person before it answers, and remembers every thread in the store. */
export function assistant(store: SessionStore) {
  return new StateGraph(State)
    .addNode("ask", () => ({ approved: interrupt("May I answer?") === "yes" }))
    .addNode("answer", ({ messages, approved }) => ({ messages: [answerTo(messages, approved)] }))
    .addEdge("__start__", "ask")
    .addEdge("ask", "answer")
    .addEdge("answer", "__end__")
    .compile({ checkpointer: new ThulpSaver(store) });
}

/** In place of a model. */
function answerTo(messages: readonly BaseMessage[], approved: boolean): AIMessage {
  return new AIMessage(approved ? `This is message ${messages.length + 1}.` : "I would rather not.");
}
