// The arrows of ARCHITECTURE.md as a check: who may import whom, and what must not stand in a package.
// Longer than most files: it begins with the table of all rooms.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What the sources of each package may import of the others; `types` are erased by the compiler. */
const MAY_IMPORT = {
  "packages/core": {},
  // Its command runs the suite against a server; a test that runs it loads no client.
  "packages/store-conformance": { core: "values", client: "on demand" },
  "packages/store-fs": { core: "values" },
  "packages/store-sqlite": { core: "values" },
  "packages/store-postgres": { core: "values" },
  "packages/transcripts": { core: "values" },
  "packages/langgraph": { core: "values" },
  "packages/mcp": { core: "values" },
  "packages/ai-sdk": { core: "values" },
  "packages/openai-agents": { core: "values" },
  "packages/claude-agent-sdk": { core: "values" },
  "packages/config": {
    core: "values",
    "store-fs": "on demand",
    "store-sqlite": "on demand",
    "store-postgres": "on demand",
    client: "on demand",
    transcripts: "on demand",
  },
  "packages/router": { core: "values" },
  "packages/client": { core: "values", router: "types" },
  "apps/api": {
    core: "values",
    config: "values",
    router: "values",
    mcp: "on demand",
    transcripts: "on demand",
  },
  "apps/cli": {
    core: "values",
    config: "values",
    client: "on demand",
    api: "on demand",
    mcp: "on demand",
    transcripts: "on demand",
  },
  "apps/viewer": {
    core: "values",
    client: "values",
    router: "types",
    "store-fs": "values",
    transcripts: "values",
  },
};

/** What is on demand else, and may be loaded at once: names, and how to load what they stand for. */
const AT_ONCE = { "apps/cli": ["@thulp-sessions/transcripts/agents"] };

/** What a package may load of another one at all, where that is less than everything. */
const ONLY_VALUES_OF = {
  // The pages load core for its types and for what is small.
  "apps/viewer": {
    core: ["text", "redaction", "view", "demo"].map((face) => `@thulp-sessions/core/${face}`),
    transcripts: ["@thulp-sessions/transcripts/views", "@thulp-sessions/transcripts/prices"],
    "store-fs": ["@thulp-sessions/store-fs/file-text"],
  },
};

/** Packages that run in a browser: no module of Node, no environment. */
const PORTABLE = [
  "packages/core",
  "packages/store-conformance",
  "packages/router",
  "packages/client",
  "packages/langgraph",
  "apps/viewer",
  "packages/ai-sdk",
  "packages/openai-agents",
  "packages/claude-agent-sdk",
];
/** Folders within those that only a terminal needs; ROOMS keeps the others from importing them. */
const FOR_NODE = ["packages/store-conformance/src/command"];
/** Folders and files of other packages that run in a browser too, with all that they import of their own. */
const PORTABLE_PARTS = [
  "packages/store-fs/src/file-text",
  "packages/transcripts/src/views",
  "packages/transcripts/src/views.ts",
  "packages/transcripts/src/list-prices.ts",
];
const TOUCHES_SQL = ["packages/store-sqlite", "packages/store-postgres", "packages/transcripts"];
const TOUCHES_FILES = [
  "packages/store-fs",
  "packages/store-sqlite",
  "packages/store-postgres",
  "packages/transcripts",
  "packages/config",
  // Its version, in its package.json.
  "packages/mcp",
  "apps/api",
  "apps/cli",
];
const READS_ENVIRONMENT = ["packages/config", "apps/api", "apps/cli"];
const KNOWS_TRPC_ERRORS = ["packages/router"];

/**
 * The rooms of each package, the lowest first: a file may import from its own room and from those before it,
 * types included. `.` stands for the files of the source folder itself that have no line of their own.
 */
const ROOMS = {
  "packages/core": [
    "text",
    "model",
    "entry-view",
    "redaction",
    "async",
    "rules",
    "demo",
    "search",
    "store",
    "sharded",
    "subscription",
    "copy",
    "views",
    "manager",
    "adapter",
    ".",
  ],
  "packages/store-fs": [
    "file-text",
    "format",
    "disk",
    "lock",
    "session",
    "list",
    "search",
    "watch",
    "maintenance",
    "label-file.ts",
    "file-store.ts",
    "open.ts",
    ".",
  ],
  "packages/store-sqlite": [
    "migrations-folder.ts",
    "connection",
    "schema",
    "pages",
    "tables",
    "query",
    "search",
    "changes",
    "write",
    "open",
    "maintenance",
    "sqlite-store.ts",
    ".",
  ],
  "packages/store-postgres": [
    "migrations-folder.ts",
    "connection",
    "tables",
    "query",
    "search",
    "changes",
    "write",
    "open",
    "maintenance",
    "postgres-store.ts",
    ".",
  ],
  "packages/transcripts": [
    "lines",
    "model",
    "agents",
    "views",
    "files",
    "import",
    "follow",
    "export",
    "store",
    ".",
  ],
  "packages/mcp": [
    "version.ts",
    "answer.ts",
    "mcp-options.ts",
    "records.ts",
    "entry-records.ts",
    "visible-sessions.ts",
    "served.ts",
    "tools",
    "resources.ts",
    "prompts.ts",
    "create-mcp-server.ts",
    ".",
  ],
  "packages/langgraph": [
    "stored-contents.ts",
    "items.ts",
    "dump.ts",
    "thread-log.ts",
    "entry-batch.ts",
    "put-checkpoint.ts",
    "thread-store.ts",
    "read-tuple.ts",
    "compact.ts",
    ".",
  ],
  "packages/ai-sdk": [
    "stored-contents.ts",
    "chat-state.ts",
    "search-chats.ts",
    "chat-store.ts",
    "reader-queue.ts",
    "stream-log.ts",
    "produce-stream.ts",
    "follow-stream.ts",
    "resumable-streams.ts",
    ".",
  ],
  "packages/openai-agents": [
    "stored-contents.ts",
    "plain-data.ts",
    "fingerprint.ts",
    "transaction.ts",
    "history-state.ts",
    "read-items.ts",
    ".",
  ],
  "packages/claude-agent-sdk": ["sdk-types.ts", "stored-contents.ts", "entry-batch.ts", "summaries.ts", "."],
  "packages/store-conformance": [".", "cases", "cases.ts", "index.ts", "command"],
  "packages/router": [
    "call.ts",
    "errors.ts",
    "answer-length.ts",
    "context.ts",
    "write-refusal.ts",
    "trpc.ts",
    "procedures",
    "router.ts",
    "http-error.ts",
    "fast-path",
    ".",
  ],
  "apps/viewer": ["style", "url", "browser-storage.ts", "live", "parts", "content", "pages", "shell", "."],
  "apps/api": ["version.ts", "metrics", "limits", "http", "mcp", "viewer", "server.ts", "command", "."],
};

/** Whose insides are not checked yet, and what for; each run names them. */
const NOT_CHECKED_YET = {
  rooms: [],
  typeCycles: [],
};

const problems = [];
let files = 0;
/** Files that a browser loads, by what the others of PORTABLE_PARTS import. */
const portable = new Set();
for (const [folder, allowed] of Object.entries(MAY_IMPORT)) {
  const sources = sourcesIn(join(root, folder, "src"));
  const imports = new Map(sources.map((file) => [file, importsOf(file)]));
  for (const file of sources) if (isIn(PORTABLE_PARTS, file)) addPortable(file, imports);
  for (const [file, statements] of imports) {
    files++;
    checkImports(folder, file, statements, allowed);
    checkText(folder, file);
  }
  checkCycles(imports, !NOT_CHECKED_YET.typeCycles.includes(folder));
  if (ROOMS[folder] && !NOT_CHECKED_YET.rooms.includes(folder)) checkRooms(folder, imports);
}

function checkImports(folder, file, statements, allowed) {
  for (const { specifier, kind } of statements) {
    const [, name, rest] = /^@thulp-sessions\/([^/]+)(.*)$/.exec(specifier) ?? [];
    if (name !== undefined) {
      const how = allowed[name];
      if (how === undefined) report(file, `imports ${specifier}: ${folder} must not know it`);
      else if (how === "types" && kind !== "type") report(file, `imports values of ${specifier}: types only`);
      else if (how === "on demand" && kind === "value" && !AT_ONCE[folder]?.includes(specifier))
        report(file, `imports ${specifier} at once: load it on demand`);
      const only = ONLY_VALUES_OF[folder]?.[name];
      if (only && kind !== "type" && !only.includes(specifier))
        report(file, `imports values of ${specifier}: only of ${only.join(", ")}`);
      if (rest.includes("src")) report(file, `reaches into another package: ${specifier}`);
    } else if (specifier.startsWith(".")) {
      const target = resolve(dirname(file), specifier);
      const inside = target.startsWith(join(root, folder) + sep);
      if (!inside) report(file, `reaches out of its package: ${specifier}`);
    } else if (specifier.startsWith("node:") && isPortable(folder, file)) {
      report(file, `imports ${specifier}: this runs in browsers too`);
    } else if (/^(better-sqlite3|drizzle-orm|pg)(\/|$)/.test(specifier) && !TOUCHES_SQL.includes(folder)) {
      report(file, `imports ${specifier}: only stores and transcripts touch SQL`);
    } else if (
      /^(node:)?fs(\/promises)?$/.test(specifier) &&
      !TOUCHES_FILES.includes(folder) &&
      !isForNode(file)
    ) {
      report(file, `imports ${specifier}: only stores touch files`);
    }
  }
}

function isForNode(file) {
  return isIn(FOR_NODE, file);
}

function isPortable(folder, file) {
  return PORTABLE.includes(folder) ? !isForNode(file) : portable.has(file);
}

function addPortable(file, imports) {
  if (portable.has(file)) return;
  portable.add(file);
  for (const { specifier, kind } of imports.get(file) ?? [])
    if (specifier.startsWith(".") && kind !== "type") addPortable(resolve(dirname(file), specifier), imports);
}

function isIn(parts, file) {
  return parts.some((part) => file === join(root, part) || file.startsWith(join(root, part) + sep));
}

function checkText(folder, file) {
  const text = readFileSync(file, "utf8");
  if (!READS_ENVIRONMENT.includes(folder) && /\bprocess\.env\b/.test(text))
    report(file, "reads the environment");
  if (!KNOWS_TRPC_ERRORS.includes(folder) && /\bTRPCError\b/.test(text)) report(file, "knows tRPC errors");
  if (/^export \* from/m.test(text)) report(file, "exports everything of a module: name what is public");
  if (/^export default/m.test(text)) report(file, "has a default export");
}

/** A file may import from its own room and from lower ones. */
function checkRooms(folder, imports) {
  const rooms = ROOMS[folder];
  const source = join(root, folder, "src");
  const roomOf = (file) => {
    const [first, ...rest] = relative(source, file).split(sep);
    if (rooms.includes(first)) return first;
    return rest.length === 0 ? "." : undefined;
  };
  for (const [file, statements] of imports) {
    const room = roomOf(file);
    if (room === undefined) {
      report(file, "is in a room that ROOMS in scripts/check-boundaries.mjs does not know");
      continue;
    }
    for (const { specifier } of statements) {
      if (!specifier.startsWith(".")) continue;
      const other = roomOf(resolve(dirname(file), specifier));
      if (other !== undefined && rooms.indexOf(other) > rooms.indexOf(room))
        report(file, `imports ${specifier}: ${other} stands above ${room}`);
    }
  }
}

/** Among the files of one package: those of types as well, which bind two files as closely as values do. */
function checkCycles(imports, withTypes) {
  const state = new Map();
  const visit = (file, path) => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      report(
        file,
        `imports itself: ${[...path.slice(path.indexOf(file)), file].map((each) => relative(root, each)).join(" -> ")}`,
      );
      return;
    }
    state.set(file, "open");
    for (const { specifier, kind } of imports.get(file) ?? []) {
      if (specifier.startsWith(".") && (withTypes || kind !== "type"))
        visit(resolve(dirname(file), specifier), [...path, file]);
    }
    state.set(file, "done");
  };
  for (const file of imports.keys()) visit(file, []);
}

function importsOf(file) {
  const text = readFileSync(file, "utf8");
  const found = [];
  for (const [, keyword, clause, specifier] of text.matchAll(
    /^(import|export)\b([^;"']*?)(?:from\s*)?["']([^"']+)["'];/gm,
  )) {
    const named = /^\s*\{([^}]*)\}\s*$/.exec(clause);
    const onlyTypes =
      /^\s*type\b/.test(clause) ||
      named?.[1].split(",").every((name) => name.trim() === "" || name.trim().startsWith("type "));
    found.push({ specifier, kind: keyword && onlyTypes ? "type" : "value" });
  }
  for (const [, specifier] of text.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g))
    found.push({ specifier, kind: "dynamic" });
  return found;
}

function sourcesIn(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

function report(file, problem) {
  problems.push(`${relative(root, file)}: ${problem}`);
}

for (const problem of problems) console.error(problem);
for (const [check, folders] of Object.entries(NOT_CHECKED_YET))
  if (folders.length > 0) console.log(`boundaries: ${check} not checked yet in ${folders.join(", ")}`);
console.log(`boundaries: ${files} files looked at, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
