// What only other processes can show: one that is killed, and two on one session.
import { join } from "node:path";
import { openStore } from "@thulp-sessions/config";
import { ThulpSession } from "@thulp-sessions/openai-agents";
import { startNode, tempFolder } from "@thulp-sessions/testing";
import { describe, expect, onTestFinished, test } from "vitest";

const SCRIPT = join(import.meta.dirname, "child/add-items.mjs");
const KILLS = process.env["SOAK"] === "1" ? 30 : 2;

describe.each(["sqlite:sessions.db", "fs:sessions"])("over %s", (name) => {
  const place = () => name.replace(":", `:${tempFolder()}/`);

  test("a killed process leaves what it was told is stored, each call whole", async () => {
    const url = place();
    let next = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const program = startNode([SCRIPT, url, "s", "a", String(next), "100000"]);
      await program.says(new RegExp(`stored ${next + 4 + 5 * kill}\\n`));
      program.kill("SIGKILL");
      const { output } = await program.ended;
      const last = Number([...output.matchAll(/stored (\d+)\n/g)].at(-1)?.[1]);
      const contents = await stored(url);
      // One more may be stored than was said.
      expect([last, last + 1]).toContain(contents.length / 2 - 1);
      expect(contents).toEqual(
        contents.map((_, i) => `${i % 2 ? "answer" : "question"} a${Math.floor(i / 2)}`),
      );
      next = contents.length / 2;
    }
  });

  test("two processes on one session lose nothing, and mix no call with another", async () => {
    const url = place();
    const count = 25;
    const programs = ["a", "b"].map((who) => startNode([SCRIPT, url, "s", who, "0", String(count)]));
    for (const { code, output } of await Promise.all(programs.map((program) => program.ended)))
      expect([code, output]).toEqual([0, expect.stringContaining("finished")]);
    const contents = await stored(url);
    expect(contents).toHaveLength(4 * count);
    for (let i = 0; i < contents.length; i += 2)
      expect(contents[i + 1]).toBe(contents[i]?.replace("question", "answer"));
    for (const who of ["a", "b"]) {
      const own = contents.filter((content) => new RegExp(`question ${who}`).test(content));
      expect(own).toEqual(Array.from({ length: count }, (_, i) => `question ${who}${i}`));
    }
  });
});

async function stored(url: string): Promise<string[]> {
  const store = await openStore(url);
  onTestFinished(() => store.close());
  const items = await new ThulpSession(store, { sessionId: "s" }).getItems();
  return items.map((item) => (item as { content: string }).content);
}
