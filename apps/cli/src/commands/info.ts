import { parseStoreUrl } from "@thulp-sessions/config";
import { SESSION_STATUSES, type SessionStore } from "@thulp-sessions/core";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { VERSION } from "../command/version.ts";
import { printJson } from "../render/json.ts";
import { facts } from "../render/table.ts";
import { plural } from "../render/text.ts";
import { dateTime } from "../render/time.ts";
import { storeExists } from "../store/store-place.ts";

export function command(context: Context): AnyCommand {
  return newCommand("info")
    .description("Which store the other commands work with, where that was decided, and what is in it.")
    .option("--json", "one JSON text")
    .addHelpText("after", examples("info", "info --store http://127.0.0.1:4664 --json"))
    .action(async (options) => {
      const { io } = context;
      const config = await context.config();
      const exists = storeExists(config.store, config.base);
      const opened = exists ? await context.store() : null;
      const writable = opened?.capabilities.writable ?? null;
      const counts = opened && (await countSessions(opened));
      const isServer = parseStoreUrl(config.store, config.base).kind === "http";
      const server = isServer ? await serverInfo(config.store, config.token) : null;
      const { store: storeSource, durability: durabilitySource } = config.sources;
      if (options.json) {
        const { store, durability } = config;
        return printJson(io, {
          version: VERSION,
          store,
          storeFrom: storeSource,
          exists,
          durability: server ? server.durability : durability,
          writable,
          sessions: counts,
          server,
        });
      }
      const pairs: [string, string][] = [
        ["thulp-sessions", VERSION],
        ["store", `${config.store} ${io.colors.dim(`(from ${storeSource.name})`)}`],
      ];
      if (server) {
        pairs.push(["server", `${server.name} ${server.version}, since ${dateTime(server.startedAt)}`]);
        if (server.durability)
          pairs.push(["durability", `${server.durability} ${io.colors.dim("(as the server says)")}`]);
      } else
        pairs.push([
          "durability",
          `${config.durability} ${io.colors.dim(`(from ${durabilitySource.name})`)}`,
        ]);
      if (writable === false) pairs.push(["access", "may only be read"]);
      if (opened?.capabilities.searchable === false) pairs.push(["search", "off: searches are refused"]);
      if (counts) {
        const kinds = SESSION_STATUSES.filter((status) => counts[status] > 0).map(
          (status) => `${counts[status]} ${status}`,
        );
        pairs.push([
          "sessions",
          `${plural(counts.total, "session")}${kinds.length > 0 ? `: ${kinds.join(", ")}` : ""}`,
        ]);
      } else pairs.push(["sessions", "there is no store there yet; thulp-sessions create makes it"]);
      await io.print(`${facts(pairs, io.colors).join("\n")}\n`);
    });
}

async function countSessions(store: SessionStore) {
  const total = await store.count();
  const counts: Record<string, number> = {};
  for (const status of SESSION_STATUSES) counts[status] = await store.count({ status });
  return { total, ...counts } as { total: number } & Record<(typeof SESSION_STATUSES)[number], number>;
}

async function serverInfo(url: string, token: string | undefined) {
  const { createClient } = await import("@thulp-sessions/client");
  return createClient({ url, token }).server.info.query();
}
