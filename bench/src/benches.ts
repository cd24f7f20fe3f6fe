import { appendFs } from "./append-fs.ts";
import { appendSqlite } from "./append-sqlite.ts";
import { cliStart } from "./cli-start.ts";
import { copy, copyMemory } from "./copy.ts";
import { growthSqlite } from "./growth-sqlite.ts";
import { httpAppend } from "./http-append.ts";
import { httpCrash } from "./http-crash.ts";
import { httpFanout } from "./http-fanout.ts";
import { httpRead } from "./http-read.ts";
import { peersAppend } from "./peers-append.ts";
import { peersGrowth } from "./peers-growth.ts";
import { peersList } from "./peers-list.ts";
import { peersRead } from "./peers-read.ts";
import { peersSession } from "./peers-session.ts";
import { peersStart } from "./peers-start.ts";
import { listFs, loadFs, memoryFs } from "./read-fs.ts";
import { listSqlite, loadSqlite } from "./read-sqlite.ts";
import { searchFs } from "./search-fs.ts";
import { searchSqlite } from "./search-sqlite.ts";
import { startUp } from "./start-up.ts";
import { survival } from "./survival.ts";
import { tokenizers } from "./tokenizers.ts";
import { workerThread } from "./worker-thread.ts";

/** Every measurement by its name. */
export const benches: Readonly<Record<string, (quick: boolean) => Promise<void>>> = {
  "peers-append": peersAppend,
  "peers-growth": peersGrowth,
  "peers-read": peersRead,
  "peers-list": peersList,
  "peers-session": peersSession,
  "peers-start": peersStart,
  survival,
  "append-fs": appendFs,
  "append-sqlite": appendSqlite,
  "growth-sqlite": growthSqlite,
  "load-fs": loadFs,
  "load-sqlite": loadSqlite,
  "list-fs": listFs,
  "search-fs": searchFs,
  "list-sqlite": listSqlite,
  "search-sqlite": searchSqlite,
  "http-read": httpRead,
  "http-append": httpAppend,
  "http-fanout": httpFanout,
  "http-crash": httpCrash,
  "start-up": startUp,
  "cli-start": cliStart,
  copy,
  "copy-memory": copyMemory,
  "memory-fs": memoryFs,
  tokenizers,
  "worker-thread": workerThread,
};
