import { cliStart } from "./command/cli-start.ts";
import { copy, copyMemory } from "./command/copy.ts";
import { importing } from "./command/import.ts";
import { appendFs } from "./floors/fs/append-fs.ts";
import { listFs } from "./floors/fs/list-fs.ts";
import { loadFs } from "./floors/fs/load-fs.ts";
import { memoryFs, rewriteFs } from "./floors/fs/memory-fs.ts";
import { searchFs } from "./floors/fs/search-fs.ts";
import { truncateFs } from "./floors/fs/truncate-fs.ts";
import { heads } from "./floors/heads.ts";
import { longEntries } from "./floors/long-entries.ts";
import { createFs, starvation } from "./floors/loop.ts";
import { replaceTail } from "./floors/replace-tail.ts";
import { sharded } from "./floors/sharded.ts";
import { appendSqlite } from "./floors/sqlite/append-sqlite.ts";
import { deleteSqlite } from "./floors/sqlite/delete-sqlite.ts";
import { growthSqlite } from "./floors/sqlite/growth-sqlite.ts";
import { listSqlite, loadSqlite } from "./floors/sqlite/read-sqlite.ts";
import { searchSqlite } from "./floors/sqlite/search-sqlite.ts";
import { tokenizers } from "./floors/sqlite/tokenizers.ts";
import { workerThread } from "./floors/sqlite/worker-thread.ts";
import { turns } from "./floors/turns.ts";
import { httpAppend } from "./http/append.ts";
import { httpCrash } from "./http/crash.ts";
import { httpFanout } from "./http/fanout.ts";
import { httpRead } from "./http/read.ts";
import { startUp } from "./http/start-up.ts";
import { peersAppend } from "./peers/append.ts";
import { peersGrowth } from "./peers/growth.ts";
import { langgraphSteps } from "./peers/langgraph-steps.ts";
import { peersList } from "./peers/list.ts";
import { peersRead } from "./peers/read.ts";
import { peersSession } from "./peers/session.ts";
import { peersStart } from "./peers/start.ts";
import { survival } from "./peers/survival.ts";
import { appendPostgres } from "./postgres/append-postgres.ts";
import { growthPostgres } from "./postgres/growth-postgres.ts";
import { listPostgres } from "./postgres/list-postgres.ts";
import { searchPostgres } from "./postgres/search-postgres.ts";
import { viewer } from "./viewer/viewer.ts";

/** Every measurement by its name; `isLarge` is for those that have a size of which one thinks twice. */
export const benches: Readonly<Record<string, (quick: boolean, isLarge: boolean) => Promise<void>>> = {
  "peers-append": peersAppend,
  "peers-growth": peersGrowth,
  "peers-read": peersRead,
  "peers-list": peersList,
  "peers-session": peersSession,
  "peers-start": peersStart,
  survival,
  "langgraph-steps": langgraphSteps,
  "append-fs": appendFs,
  "append-sqlite": appendSqlite,
  "growth-sqlite": growthSqlite,
  "delete-sqlite": deleteSqlite,
  "load-fs": loadFs,
  "load-sqlite": loadSqlite,
  "list-fs": listFs,
  "create-fs": createFs,
  starvation,
  turns,
  "truncate-fs": truncateFs,
  "replace-tail": replaceTail,
  "list-heads": heads,
  "search-fs": searchFs,
  "list-sqlite": listSqlite,
  "search-sqlite": searchSqlite,
  "long-entries": longEntries,
  "append-postgres": appendPostgres,
  "list-postgres": listPostgres,
  "search-postgres": searchPostgres,
  "growth-postgres": growthPostgres,
  "http-read": httpRead,
  "http-append": httpAppend,
  "http-fanout": httpFanout,
  "http-crash": httpCrash,
  viewer,
  "start-up": startUp,
  "cli-start": cliStart,
  copy,
  "copy-memory": copyMemory,
  import: importing,
  "memory-fs": memoryFs,
  "rewrite-fs": rewriteFs,
  tokenizers,
  "worker-thread": workerThread,
  sharded,
};
