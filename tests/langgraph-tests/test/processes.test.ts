// What only other processes can show: one that is killed, and two on one thread.
import { join } from "node:path";
import type { BaseMessage } from "@langchain/core/messages";
import { openStore } from "@thulp-sessions/config";
import { ThulpSaver } from "@thulp-sessions/langgraph";
import { startNode, tempFolder } from "@thulp-sessions/testing";
import { describe, expect, onTestFinished, test } from "vitest";

const SCRIPT = join(import.meta.dirname, "child/put-steps.mjs");
const KILLS = process.env["SOAK"] === "1" ? 30 : 4;

describe.each(["sqlite:sessions.db", "fs:sessions"])("over %s", (name) => {
  const place = () => name.replace(":", `:${tempFolder()}/`);

  test("a killed process goes on at its last stored checkpoint", { timeout: 240_000 }, async () => {
    const url = place();
    let stored = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const program = startNode([SCRIPT, url, "thread", "", String(stored), "100000"]);
      // Each time at another place of a step.
      await program.says(new RegExp(`stored \\S+ ${stored + 3 + 5 * kill}\\n`));
      program.kill("SIGKILL");
      const { output } = await program.ended;
      const [last, id] = lastStored(output);
      const saver = await open(url);
      const config = { configurable: { thread_id: "thread", checkpoint_ns: "" } };
      const newest = await saver.getTuple(config);
      const messages = newest?.checkpoint.channel_values["messages"] as BaseMessage[];
      // One more may be stored than was said.
      expect([last, last + 1]).toContain(messages.length);
      expect(messages.map((message) => message.id)).toEqual(messages.map((_, i) => String(i)));
      const named = await saver.getTuple({ configurable: { ...config.configurable, checkpoint_id: id } });
      expect(named?.checkpoint.channel_values["messages"]).toHaveLength(last);
      expect(named?.pendingWrites?.length ?? 0).toBeLessThan(2);
      stored = messages.length;
    }
  });

  test("two processes on one thread lose nothing", { timeout: 240_000 }, async () => {
    const url = place();
    const steps = 60;
    const programs = ["a", "b"].map((ns) => startNode([SCRIPT, url, "thread", ns, "0", String(steps)]));
    for (const program of programs) await program.says("finished");
    for (const program of programs) program.endInput();
    const saver = await open(url);
    for (const ns of ["a", "b"]) {
      const lengths: number[] = [];
      for await (const { checkpoint, pendingWrites } of saver.list({
        configurable: { thread_id: "thread", checkpoint_ns: ns },
      })) {
        const messages = checkpoint.channel_values["messages"] as BaseMessage[];
        expect(messages.map((message) => message.id)).toEqual(messages.map((_, i) => `${ns}${i}`));
        expect(pendingWrites).toHaveLength(messages.length === steps ? 0 : 1);
        lengths.push(messages.length);
      }
      expect(lengths).toEqual(Array.from({ length: steps }, (_, i) => steps - i));
    }
  });
});

async function open(url: string): Promise<ThulpSaver> {
  const store = await openStore(url);
  onTestFinished(() => store.close());
  return new ThulpSaver(store);
}

function lastStored(output: string): [count: number, id: string] {
  const [, id = "", count = ""] = [...output.matchAll(/stored (\S+) (\d+)\n/g)].at(-1) ?? [];
  return [Number(count), id];
}
