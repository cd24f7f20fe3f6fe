import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { newUuid, SessionManager } from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { describe, expect, test, vi } from "vitest";
import { makeFolder, removeFolder } from "../temporary-folder.ts";

/** How long the holder is suspended, in ms. */
const SUSPENDED_MS = 30_000;

const entry = (content: string) =>
  ({ id: newUuid(), timestamp: 1, entryType: { type: "user_message" }, content }) as never;

/** T: stopped by a signal. */
function stateOf(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2)[0];
}

// Both at once: they wait most of the time.
describe.concurrent("a holder that is suspended", () => {
  test.skipIf(process.platform !== "linux").for(["before the write", "between the write and the sync"])(
    "%s destroys nothing; others are told that it is busy, and by whom",
    { timeout: 120_000 },
    async (moment) => {
      const dir = makeFolder();
      const store = await openFileStore({ dir, lockTimeoutMs: 300 });
      const { metadata } = await new SessionManager(store).createSession("s", {
        type: "agent",
        agentName: "a",
      });
      const { id } = metadata;
      await store.append(id, [entry("first")], { at: 1 });
      const holder = spawn(
        process.execPath,
        [join(import.meta.dirname, "..", "suspended-process.mjs"), dir, id, newUuid(), moment],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      const told = text(holder.stdout);
      const pid = holder.pid as number;
      await vi.waitFor(() => expect(stateOf(pid)).toBe("T"), { timeout: 20_000, interval: 20 });
      const bytes = readFileSync(join(dir, `${id}.json`));
      const until = performance.now() + SUSPENDED_MS;
      while (performance.now() < until) {
        await expect(store.append(id, [entry("refused")], { at: 2 })).rejects.toMatchObject({
          code: "busy",
          message: expect.stringContaining(`process ${pid}`),
          details: { path: join(dir, ".locks", `${id}.lock`) },
        });
        await expect(store.update(id, { name: "refused" }, { at: 2 })).rejects.toMatchObject({
          code: "busy",
        });
        expect((await store.readEntries(id)).items[0]?.content).toBe("first");
        expect(readFileSync(join(dir, `${id}.json`))).toEqual(bytes);
        await setTimeout(1_000);
      }
      holder.kill("SIGCONT");
      expect(JSON.parse(await told)).toMatchObject([{ seq: 1, added: true }]);
      await store.append(id, [entry("last")], { at: 3 });
      expect((await store.get(id)).entries.map(({ content }) => content)).toEqual([
        "first",
        "suspended",
        "last",
      ]);
      JSON.parse(readFileSync(join(dir, `${id}.json`), "utf8"));
      await store.close();
      removeFolder(dir);
    },
  );
});
