// Runs of the framework itself: the example of the README over every store, beside its MemorySession.
import {
  type AgentOutputItem,
  MemorySession,
  type Model,
  type ModelRequest,
  Runner,
  type Session,
  Usage,
} from "@openai/agents-core";
import { messageText } from "@thulp-sessions/core/text";
import { ThulpSession } from "@thulp-sessions/openai-agents";
import { LOCAL_KINDS } from "@thulp-sessions/testing-stores";
import { describe, expect, test } from "vitest";
import { assistant } from "../example/assistant.ts";

describe.each(LOCAL_KINDS)("over $name", (kind) => {
  test("an agent waits for a person, goes on in another process, and remembers what was said", async () => {
    const place = await kind.place();
    const handles = [await place.open(), await place.open(), await place.open()];
    let turn = 0;
    const ours = () => new ThulpSession(handles[turn++ % 3] as (typeof handles)[0], { sessionId: "wiki" });
    const memory = new MemorySession();
    const expected = await conversation(() => memory);
    expect(await conversation(ours)).toEqual(expected);
    expect(expected.map((item) => ("role" in item ? item.role : item.type))).toEqual([
      "user",
      "function_call",
      "function_call_result",
      "assistant",
      "user",
      "assistant",
    ]);

    const [store] = handles;
    const { items } = (await store?.list({ filter: { tag: 'openai-agents:key:["wiki"]' } })) ?? { items: [] };
    const entries = (await store?.get(items[0]?.id ?? ""))?.entries ?? [];
    const said = entries.map(({ content }) => messageText(content)).filter((text) => text !== null);
    expect(said).toEqual(["Delete Zebras.", "1: done", "Thanks!", "2: done"]);
    await place.dispose();
  });
});

/** Three runs, each with what `sessionOf` gives; then what is in the session. */
async function conversation(sessionOf: () => Session) {
  const model = new ScriptedModel();
  const runner = new Runner({ tracingDisabled: true });
  const agent = assistant(model);
  const asked = await runner.run(agent, "Delete Zebras.", { session: sessionOf() });
  expect(asked.interruptions).toHaveLength(1);
  const [interruption] = asked.interruptions;
  if (interruption) asked.state.approve(interruption);
  const done = await runner.run(agent, asked.state, { session: sessionOf() });
  expect(done.finalOutput).toBe("1: done");
  await runner.run(agent, "Thanks!", { session: sessionOf() });
  // The last request has all that was said before.
  expect(model.requests.at(-1)?.input).toHaveLength(5);
  return sessionOf().getItems();
}

/** Calls the tool, then counts its answers. */
class ScriptedModel implements Model {
  readonly requests: ModelRequest[] = [];
  #answers = 0;

  async getResponse(request: ModelRequest) {
    const { signal: _, ...rest } = request;
    this.requests.push(structuredClone(rest));
    const call: AgentOutputItem = {
      type: "function_call",
      callId: "c1",
      name: "delete_page",
      arguments: '{"page":"Zebras"}',
      status: "completed",
    };
    const answer = (text: string): AgentOutputItem => ({
      type: "message",
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text }],
    });
    const output = this.requests.length === 1 ? call : answer(`${++this.#answers}: done`);
    return { usage: new Usage(), output: [output], responseId: `r${this.requests.length}` };
  }

  getStreamedResponse(): never {
    throw new Error("Nothing is streamed here.");
  }
}
