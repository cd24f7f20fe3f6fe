import { parseArgs } from "node:util";
import { appendFs } from "./append-fs.ts";
import { appendSqlite } from "./append-sqlite.ts";
import { cliStart } from "./cli-start.ts";
import { copy, copyMemory } from "./copy.ts";
import { growthSqlite } from "./growth-sqlite.ts";
import { httpAppend } from "./http-append.ts";
import { httpCrash } from "./http-crash.ts";
import { httpFanout } from "./http-fanout.ts";
import { httpRead } from "./http-read.ts";
import { listFs, loadFs, memoryFs } from "./read-fs.ts";
import { listSqlite, loadSqlite } from "./read-sqlite.ts";
import { searchSqlite } from "./search-sqlite.ts";
import { startUp } from "./start-up.ts";
import { tokenizers } from "./tokenizers.ts";
import { workerThread } from "./worker-thread.ts";

/** Every measurement by its name. */
const benches: Readonly<Record<string, (quick: boolean) => Promise<void>>> = {
  "append-fs": appendFs,
  "append-sqlite": appendSqlite,
  "cli-start": cliStart,
  copy,
  "copy-memory": copyMemory,
  "http-append": httpAppend,
  "http-crash": httpCrash,
  "http-fanout": httpFanout,
  "http-read": httpRead,
  "load-fs": loadFs,
  "list-fs": listFs,
  "load-sqlite": loadSqlite,
  "list-sqlite": listSqlite,
  "growth-sqlite": growthSqlite,
  "search-sqlite": searchSqlite,
  tokenizers,
  "worker-thread": workerThread,
  "start-up": startUp,
  "memory-fs": memoryFs,
};

const { values, positionals } = parseArgs({
  options: { quick: { type: "boolean", default: false } },
  allowPositionals: true,
});
const wanted = positionals.length > 0 ? positionals : Object.keys(benches);
console.log(
  `Node ${process.version}, ${process.platform} ${process.arch}; medians of windows that alternate, and quartiles`,
);
for (const name of wanted) {
  const bench = benches[name];
  if (!bench) {
    console.error(`There is no bench "${name}". There are: ${Object.keys(benches).join(", ")}.`);
    process.exit(1);
  }
  await bench(values.quick);
}
