import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openStore } from "@thulp-sessions/config";
import { compare, report, reportTarget, withFolder } from "../harness/compare.ts";
import { makeSession } from "../harness/data.ts";

const COMMAND = fileURLToPath(new URL("../../../apps/cli/dist/main.js", import.meta.url));

/**
 * `thulp-sessions list` and `show` of a recent session on stores of many, each a process of its own, against
 * `node -e 0`.
 */
export async function cliStart(quick: boolean): Promise<void> {
  const sessions = quick ? 200 : 10_000;
  const rounds = quick ? 2 : 15;
  await withFolder(async (folder) => {
    const commands: string[][] = [];
    for (const kind of ["sqlite", "fs"]) {
      const url = `${kind}:${join(folder, kind)}`;
      const store = await openStore(url, { durability: "relaxed" });
      for (let made = 0; made < sessions; made += 100)
        await Promise.all(Array.from({ length: 100 }, () => makeSession(store, 20)));
      const recent = await makeSession(store, 20);
      await store.close();
      commands.push(["list", "--store", url], ["show", recent, "--store", url]);
    }
    const candidates = commands.map((args) => ({
      name: `thulp-sessions ${args[0]}, ${args.at(-1)?.split(":")[0]}`,
      args: [COMMAND, ...args],
    }));
    const results = await compare(
      [{ name: "node -e 0", args: ["-e", "0"] }, ...candidates].map(({ name, args }) => ({
        name,
        operations: 1,
        run: async () => void execFileSync(process.execPath, args, { stdio: "pipe" }),
      })),
      rounds,
    );
    report(`the command from its start to its end, ${sessions} sessions, against node -e 0`, results);
    for (const result of results.slice(1))
      reportTarget(`${result.name} against node -e 0`, result, results[0]);
  });
}
