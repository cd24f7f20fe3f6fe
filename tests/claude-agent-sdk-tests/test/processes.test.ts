// What only other processes can show: a writer that is killed, one that sends all again, two on one session.
import { join } from "node:path";
import { claudeSessionStore, type FoldSessionSummary } from "@thulp-sessions/claude-agent-sdk";
import { openStore } from "@thulp-sessions/config";
import { startNode, tempFolder } from "@thulp-sessions/testing";
import { describe, expect, onTestFinished, test } from "vitest";

const SCRIPT = join(import.meta.dirname, "child/append-rounds.mjs");
const KILLS = process.env["SOAK"] === "1" ? 30 : 4;
const KEY = { projectKey: "proj", sessionId: "sess" };
const BESIDE = { ...KEY, subpath: "subagents/agent-1" };

/** As in the script. */
const fold: FoldSessionSummary = (previous, { sessionId }, entries, { mtime = 0 } = {}) => ({
  sessionId,
  mtime,
  data: { count: Number(previous?.data["count"] ?? 0) + entries.length },
});

describe.each(["sqlite:sessions.db", "fs:sessions"])("over %s", (name) => {
  const placeUrl = () => name.replace(":", `:${tempFolder()}/`);

  const told =
    "a killed writer leaves what it was told is stored, each call whole, and a replay adds nothing";
  test(told, { timeout: 240_000 }, async () => {
    const url = placeUrl();
    let rounds = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      // All again from the beginning, as the SDK imports a transcript; then on.
      const program = startNode([SCRIPT, url, "0", "100000"]);
      // The first time perhaps before there is a session; then within what is new, and within the replay.
      const place = kill % 4 === 2 ? Math.floor(rounds / 2) : rounds + 1 + 5 * kill;
      await program.says(kill === 0 ? "appending" : new RegExp(`stored ${place}\\n`));
      program.kill("SIGKILL");
      const { output } = await program.ended;
      const said = [...output.matchAll(/stored (\d+)\n/g)].length;
      const stored = await open(url);
      // Nothing of what was stored before is lost, and one more round may be stored than was said.
      const least = Math.max(rounds, said);
      rounds = await stored.rounds();
      expect([least, least + 1]).toContain(rounds);
      await stored.hasExactly(rounds);
    }
  });

  test("two processes that append the same lose nothing, and store nothing twice", async () => {
    const url = placeUrl();
    const count = 30;
    const programs = [0, 1].map(() => startNode([SCRIPT, url, "0", String(count)]));
    for (const { code, output } of await Promise.all(programs.map((program) => program.ended)))
      expect([code, output]).toEqual([0, expect.stringContaining("finished")]);
    await (await open(url)).hasExactly(count);
  });
});

async function open(url: string) {
  const store = await openStore(url);
  onTestFinished(() => store.close());
  const claude = claudeSessionStore(store, { foldSessionSummary: fold });
  const load = async () => ({ main: await claude.load(KEY), beside: await claude.load(BESIDE) });
  return {
    async rounds(): Promise<number> {
      const { main, beside } = await load();
      return ((main?.length ?? 0) + (beside?.length ?? 0)) / 3;
    },
    /** Every entry of so many rounds once and in its order, and a summary of all of them. */
    async hasExactly(rounds: number): Promise<void> {
      const entriesOf = (isBeside: boolean) =>
        Array.from({ length: rounds }, (_, round) => round)
          .filter((round) => (round % 3 === 2) === isBeside)
          .flatMap((round) => ["user", "assistant", "system"].map((type) => ({ type, round })));
      const expected = { main: entriesOf(false), beside: entriesOf(true) };
      const { main, beside } = await load();
      expect(main ?? []).toMatchObject(expected.main);
      expect(beside ?? []).toMatchObject(expected.beside);
      const summaries = await claude.listSessionSummaries?.(KEY.projectKey);
      expect(summaries?.map(({ data }) => data)).toEqual(
        main === null ? [] : [{ count: expected.main.length }],
      );
    },
  };
}
