import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { isDeepStrictEqual } from "node:util";
import {
  isSessionError,
  newUuid,
  type SessionEntry,
  SessionManager,
  type StoreWarning,
} from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";

// A process changes sessions at random and is killed with -9 at a random moment, again and again in one
// folder. What it was told is there, the call in flight is there whole or not at all, and the next write
// works.

/** With two durabilities and as many lanes as below: 88 kills in all, and 2,080 in `npm run soak`. */
const KILLS_PER_LANE = process.env["SOAK"] === "1" ? 260 : 11;
/** Processes at work at once, each in a folder of its own: starting one costs more than what it then does. */
const LANES = 4;
/** Longer sessions are removed, so that reading all of them stays quick. */
const MAX_CHARACTERS = 600_000;

interface Call {
  readonly call: "create" | "delete" | "truncate" | "update" | "append" | "replaceTail";
  readonly id: string;
  readonly at: number;
  readonly keep?: number;
  readonly name?: string;
  readonly key?: string;
  readonly value?: number;
  readonly entries?: readonly (readonly [id: string, length: number])[];
}

/** What a session has to be. */
interface Expected {
  readonly name: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly entries: readonly (readonly [id: string, length: number])[];
  readonly updatedAt: number;
}

/** What a call makes of a session. */
function after(before: Expected | undefined, call: Call): Expected | undefined {
  if (call.call === "create")
    return { name: "new", context: {}, entries: call.entries ?? [], updatedAt: call.at };
  if (call.call === "delete" || !before) return undefined;
  const { keep = 0, entries: added = [] } = call;
  const dropsNothing =
    call.call === "append" || (call.call === "replaceTail" && keep === before.entries.length);
  const updatedAt = Math.max(before.updatedAt + (dropsNothing ? 0 : 1), call.at);
  if (call.call === "replaceTail")
    return { ...before, updatedAt, entries: [...before.entries.slice(0, keep), ...added] };
  if (call.call === "append")
    return { ...before, updatedAt, entries: [...before.entries, ...(call.entries ?? [])] };
  if (call.call === "truncate")
    return call.keep === before.entries.length
      ? before
      : { ...before, updatedAt, entries: before.entries.slice(0, call.keep) };
  return {
    ...before,
    updatedAt,
    name: call.name as string,
    context: { ...before.context, [call.key as string]: call.value },
  };
}

type Model = Map<string, Expected>;

function apply(model: Model, call: Call): void {
  const changed = after(model.get(call.id), call);
  if (changed) model.set(call.id, changed);
  else model.delete(call.id);
}

/**
 * Lets a process work until so many calls were acknowledged, and a moment longer; gives the call that was in
 * flight.
 */
async function workAndKill(
  dir: string,
  durability: string,
  model: Model,
  seed: number,
): Promise<Call | null> {
  const known = Object.fromEntries([...model].map(([id, { entries }]) => [id, entries.length]));
  const child = spawn(
    process.execPath,
    [
      join(import.meta.dirname, "..", "crash-process.mjs"),
      dir,
      durability,
      String(seed),
      JSON.stringify(known),
      // Every second one kills itself, between two file calls or in the middle of a write.
      String(seed % 2 === 0 ? 0 : 1 + Math.floor(Math.random() * 60)),
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const calls = seed % 2 === 0 ? Math.floor(Math.random() * 12) : Number.POSITIVE_INFINITY;
  let acknowledged = 0;
  let inFlight: Call | null = null;
  const kill = () => void child.kill("SIGKILL");
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    if (line === "ok") {
      apply(model, inFlight as unknown as Call);
      inFlight = null;
      acknowledged++;
    } else if (line.endsWith("}")) {
      inFlight = JSON.parse(line) as Call;
      if (acknowledged === calls) {
        // Somewhere within this call: at once, or while others of the machine have their turn.
        if (Math.random() < 0.5) kill();
        else setTimeout(kill, Math.random() * 3);
      }
    }
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on("close", (...ended) => resolve(ended as [number | null, string | null]));
  });
  expect([code, signal]).toEqual([null, "SIGKILL"]);
  return inFlight;
}

async function read(
  store: Awaited<ReturnType<typeof openFileStore>>,
  id: string,
): Promise<Expected | undefined> {
  try {
    const { metadata, context, entries } = await store.get(id);
    return {
      name: metadata.name,
      updatedAt: metadata.updatedAt,
      context,
      entries: entries.map((entry, i) => {
        const { text } = entry.content as { text: string };
        // Thousands of them: only what is wrong is worth an `expect`.
        if (entry.seq !== i) expect(entry.seq).toBe(i);
        if (text !== "x".repeat(text.length)) expect(text).toBe("x".repeat(text.length));
        return [entry.id, text.length] as const;
      }),
    };
  } catch (error) {
    if (isSessionError(error, "not_found")) return undefined;
    throw error;
  }
}

/**
 * Everything that has to hold after a kill; takes over into the model what the call in flight has come to.
 */
async function checkFolder(dir: string, durability: "full" | "relaxed", model: Model, inFlight: Call | null) {
  const warnings: StoreWarning[] = [];
  const tornBefore = namesIn(dir, ".torn-").length;
  const store = await openFileStore({ dir, durability, onWarning: (warning) => warnings.push(warning) });
  try {
    if (inFlight) {
      const { id } = inFlight;
      const found = await read(store, id);
      const [absent, whole] = [model.get(id), after(model.get(id), inFlight)];
      if (!isDeepStrictEqual(found, absent) && !isDeepStrictEqual(found, whole))
        expect([absent, whole]).toContainEqual(found);
      if (found) model.set(id, found);
      else model.delete(id);
    }
    for (const [id, expected] of model) expectSame(await read(store, id), expected);
    expect((await store.list({ limit: 100 })).items.map(({ id }) => id as string).sort()).toEqual(
      [...model.keys()].sort(),
    );
    // Where nothing is left to append to, too, a writer makes good what a killed one has begun in `.locks`.
    if (model.size === 0) {
      const { metadata } = await new SessionManager(store).createSession("s", {
        type: "agent",
        agentName: "a",
      });
      await store.delete(metadata.id);
    }
    for (const [id, expected] of model) {
      const entry = {
        id: newUuid(),
        timestamp: 1,
        entryType: { type: "user_message" },
        content: { text: "" },
      };
      await store.append(id, [entry as unknown as SessionEntry], { at: 0 });
      model.set(id, { ...expected, entries: [...expected.entries, [entry.id, 0]] });
      expectSame(await read(store, id), model.get(id));
      JSON.parse(readFileSync(join(dir, `${id}.json`), "utf8"));
      if (expected.entries.reduce((sum, [, length]) => sum + length, 0) > MAX_CHARACTERS) {
        await store.delete(id);
        model.delete(id);
      }
    }
  } finally {
    await store.close();
  }
  const torn = namesIn(dir, ".torn-");
  // Beside the sessions only bytes that were cut off, each time with a word to a person.
  expect(torn.length - tornBefore).toBe(warnings.filter(({ message }) => message.includes(".torn-")).length);
  const others = readdirSync(dir).filter((name) => name !== ".locks" && !torn.includes(name));
  expect(others.sort()).toEqual([...model.keys()].map((id) => `${id}.json`).sort());
  expect(readdirSync(join(dir, ".locks"))).toEqual([".gitignore"]);
  expect(readFileSync(join(dir, ".locks", ".gitignore"), "utf8")).toBe("*\n");
}

/** `toEqual` takes longer than all the rest for thousands of entries. */
function expectSame(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toStrictEqual(expected);
}

function namesIn(dir: string, part: string): string[] {
  return readdirSync(dir).filter((name) => name.includes(part));
}

describe.each(["full", "relaxed"] as const)("at durability %s", (durability) => {
  test("a process that is killed at any moment loses nothing that it was told", {
    timeout: process.env["SOAK"] === "1" ? 3_600_000 : 300_000,
  }, async () => {
    const lane = async (number: number) => {
      const dir = temporaryFolder();
      const model: Model = new Map();
      for (let kill = 0; kill < KILLS_PER_LANE; kill++) {
        const inFlight = await workAndKill(dir, durability, model, number * 1_000 + kill);
        await checkFolder(dir, durability, model, inFlight);
      }
    };
    await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
  });
});
