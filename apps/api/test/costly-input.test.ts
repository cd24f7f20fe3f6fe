import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { appRouter, procedureAt } from "@thulp-sessions/router";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ID } from "./harness.ts";

const isSoak = process.env["SOAK"] === "1";
/** Just below the largest body that the server takes; without SOAK=1 a seventh of it. */
const BYTES = isSoak ? 30_000_000 : 4_000_000;
/**
 * A call may take so much processor time, which is as long as it holds the event loop on a machine that has
 * nothing else to do; on a slow one, so often what parsing takes.
 */
const MAX_MS = isSoak ? 250 : 100;
const MAX_PARSES = 12;
/**
 * The least of so many times is taken: the first is also that of compiling and of the garbage of the calls
 * before, and machines are noisy.
 */
const TRIES = 6;
/** The body as bytes and as text, what it is parsed to, and a copy of that. */
const MAX_MEMORY_MB = isSoak ? 400 : 200;

/** JSON of nearly `BYTES`, of parts that make engines or checks slow. */
const SHAPES: Readonly<Record<string, () => string>> = {
  numbers: () => repeated("1"),
  "short strings": () => repeated('"a"'),
  "strings of 100": () => repeated(`"${"x".repeat(100)}"`),
  "strings of 60,000": () => repeated(`"${"x".repeat(60_000)}"`),
  "one string": () => `["${"x".repeat(BYTES)}"]`,
  escapes: () => `["${"\\u0001".repeat(BYTES / 6)}"]`,
  objects: () => repeated('{"a":1}'),
  "empty arrays": () => repeated("[]"),
  "nested arrays": () => `${"[".repeat(BYTES / 2)}${"]".repeat(BYTES / 2)}`,
  keys: () => `{${Array.from({ length: 100_000 }, (_, i) => `"${i}k":1`).join(",")}}`,
};

const TYPE = '"sessionType":{"type":"conversation","purpose":""}';
const METADATA = `"id":"${ID}","name":"a",${TYPE},"createdAt":1,"updatedAt":1,"status":"active","parentSession":null`;
const ENTRY = '"entryType":{"type":"user_message"}';

/** Where a procedure takes something of any length; `$` stands for it. */
const PLACES: readonly (readonly [path: string, input: string])[] = [
  ["sessions.create", `{"name":"a",${TYPE},"tags":$}`],
  ["sessions.create", `{"name":"a",${TYPE},"entries":$}`],
  ["sessions.create", `{"name":"a",${TYPE},"context":{"a":$}}`],
  ["sessions.create", `{"name":$,${TYPE}}`],
  ["sessions.save", `{"session":{"metadata":{${METADATA},"tags":[]},"context":{},"entries":$}}`],
  ["sessions.save", `{"session":{"metadata":{${METADATA},"tags":$},"context":{},"entries":[]}}`],
  [
    "sessions.save",
    `{"session":{"metadata":{${METADATA},"tags":[]},"context":$,"entries":[]},"stored":true}`,
  ],
  ["sessions.update", `{"id":"${ID}","tags":$}`],
  ["sessions.update", `{"id":"${ID}","setContext":$}`],
  ["sessions.update", `{"id":"${ID}","removeContext":$}`],
  ["sessions.delete", `{"id":"${ID}","expectedVersion":$}`],
  ["sessions.fork", `{"id":"${ID}","name":$}`],
  ["sessions.rewind", `{"id":"${ID}","entryCount":0,"expectedVersion":$}`],
  ["sessions.checkLimits", `{"id":"${ID}","limits":$}`],
  ["sessions.list", '{"filter":{"and":$}}'],
  ["sessions.heads", '{"filter":{"ids":$}}'],
  ["sessions.count", '{"filter":{"tag":$}}'],
  ["sessions.countBy", '{"by":$}'],
  ["sessions.search", '{"text":$}'],
  ["sessions.search", '{"text":"a","types":$}'],
  ["entries.append", `{"id":"${ID}","entries":$}`],
  ["entries.append", `{"id":"${ID}","entries":[{${ENTRY},"content":$}]}`],
  ["entries.append", `{"id":"${ID}","entries":[],"removeContext":$}`],
  [
    "entries.append",
    `{"id":"${ID}","entries":[{"entryType":{"type":"evaluation_result","score":1,"metrics":$},"content":1}]}`,
  ],
  ["sessions.list", '{"include":$}'],
  ["sessions.facets", '{"by":$}'],
  ["sessions.facets", '{"by":["tag"],"filter":{"or":$}}'],
  ["sessions.tree", `{"id":"${ID}","depth":$}`],
  ["sessions.scores", '{"filter":{"ids":$}}'],
  ["sessions.resolve", '{"prefix":$}'],
  ["entries.list", `{"id":"${ID}","types":$}`],
  ["entries.list", `{"id":"${ID}","contentBytes":$}`],
  ["entries.get", `{"id":"${ID}","seq":$}`],
  ["entries.part", `{"id":"${ID}","seq":0,"pointer":$}`],
  ["entries.outline", `{"id":"${ID}","buckets":$}`],
  ["entries.turns", `{"id":"${ID}","textLength":$}`],
  ["entries.search", `{"id":"${ID}","text":$}`],
  ["entries.search", `{"id":"${ID}","types":$}`],
  ["sessions.get", '{"id":$}'],
  ["server.info", "$"],
];
/** They take nothing but what others take too. */
const LIKE_OTHERS = ["head", "exists", "complete", "fail", "cancel", "pause", "resume"].map(
  (name) => `sessions.${name}`,
);

function repeated(part: string): string {
  const count = Math.floor(BYTES / (part.length + 1));
  return `[${Array(count).fill(part).join(",")}]`;
}

let worker: Worker;
/** Rejects when the worker has ended, such as of too little memory. */
let end: Promise<never>;

beforeAll(async () => {
  worker = new Worker(new URL("./costly-input-worker.mjs", import.meta.url), {
    // Without vitest's conditions: it runs what is built.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MAX_MEMORY_MB },
  });
  end = Promise.race([once(worker, "error"), once(worker, "exit")]).then(([reason]) => {
    throw new Error(`the worker has ended: ${reason}`);
  });
  end.catch(() => {});
  await once(worker, "online");
  expect(await call("sessions.head", `{"id":"${ID}"}`)).toMatchObject({ status: 200 });
});

afterAll(() => worker.terminate());

async function call(
  path: string,
  body: string,
  collect = false,
): Promise<{ status: number; ms: number; parseMs: number }> {
  const answer = once(worker, "message");
  worker.postMessage({ path, body, id: ID, collect });
  const [result] = await Promise.race([answer, end]);
  return result;
}

it("every procedure is tried", () => {
  const paths = Object.keys(appRouter._def.procedures);
  const tried = new Set([...PLACES.map(([path]) => path), ...LIKE_OTHERS]);
  const untried = paths.filter((path) => !tried.has(path) && procedureAt(path)?._def.type !== "subscription");
  expect(untried).toEqual([]);
});

describe.each(Object.entries(SHAPES))("a large body of %s costs no more than its size", (_, make) => {
  const shape = make();
  it.each(PLACES.map(([path, input]) => [path, input.slice(0, 80), input]))(
    "%s %s",
    async (path, _, input) => {
      const body = input.replace("$", () => shape);
      for (let tries = 1; ; tries++) {
        const { status, ms, parseMs } = await call(path, body, tries > 1);
        expect([200, 400, 404, 409, 413]).toContain(status);
        const most = Math.max(MAX_MS, MAX_PARSES * parseMs);
        if (ms > most && tries < TRIES) continue;
        expect(ms).toBeLessThan(most);
        return;
      }
    },
  );
});
