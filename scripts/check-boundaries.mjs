// The arrows of ARCHITECTURE.md as a check: who may import whom, and what must not stand in a package.
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
  "packages/config": {
    core: "values",
    "store-fs": "on demand",
    "store-sqlite": "on demand",
    "store-postgres": "on demand",
    client: "on demand",
  },
  "packages/router": { core: "values" },
  "packages/client": { core: "values", router: "types" },
  "apps/api": { core: "values", config: "values", router: "values" },
  "apps/cli": {
    core: "values",
    config: "values",
    client: "on demand",
    api: "on demand",
    transcripts: "on demand",
  },
};

/** Packages that run in a browser: no module of Node, no environment. */
const PORTABLE = [
  "packages/core",
  "packages/store-conformance",
  "packages/router",
  "packages/client",
  "packages/langgraph",
];
/** Folders within those that only a terminal needs; ROOMS keeps the others from importing them. */
const FOR_NODE = ["packages/store-conformance/src/command"];
const TOUCHES_SQL = ["packages/store-sqlite", "packages/store-postgres"];
const TOUCHES_FILES = [
  "packages/store-fs",
  "packages/store-sqlite",
  "packages/store-postgres",
  "packages/transcripts",
  "packages/config",
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
    "async",
    "rules",
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
  "packages/transcripts": ["lines", "model", "agents", "files", "import", "follow", "export", "."],
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
  "packages/store-conformance": [".", "cases", "cases.ts", "index.ts", "command"],
  "packages/router": [
    "call.ts",
    "errors.ts",
    "answer-length.ts",
    "context.ts",
    "trpc.ts",
    "procedures",
    "router.ts",
    "http-error.ts",
    "fast-path",
    ".",
  ],
  "apps/api": ["version.ts", "metrics", "limits", "http", "server.ts", "command", "."],
};

/** Whose insides are not checked yet, and what for; each run names them. */
const NOT_CHECKED_YET = {
  rooms: [],
  typeCycles: [],
};

const problems = [];
let files = 0;
for (const [folder, allowed] of Object.entries(MAY_IMPORT)) {
  const sources = sourcesIn(join(root, folder, "src"));
  const imports = new Map(sources.map((file) => [file, importsOf(file)]));
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
      else if (how === "on demand" && kind === "value")
        report(file, `imports ${specifier} at once: load it on demand`);
      if (rest.includes("src")) report(file, `reaches into another package: ${specifier}`);
    } else if (specifier.startsWith(".")) {
      const target = resolve(dirname(file), specifier);
      const inside = target.startsWith(join(root, folder) + sep);
      if (!inside) report(file, `reaches out of its package: ${specifier}`);
    } else if (specifier.startsWith("node:") && PORTABLE.includes(folder) && !isForNode(file)) {
      report(file, `imports ${specifier}: this package runs in browsers too`);
    } else if (/^(better-sqlite3|drizzle-orm|pg)(\/|$)/.test(specifier) && !TOUCHES_SQL.includes(folder)) {
      report(file, `imports ${specifier}: only store-sqlite and store-postgres touch SQL`);
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
  return FOR_NODE.some((folder) => file.startsWith(join(root, folder) + sep));
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
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
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
