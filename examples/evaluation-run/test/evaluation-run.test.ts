import { join } from "node:path";
import { openStore } from "@thulp-sessions/config";
import { SessionManager, type SessionMetadata } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { startNode, tempFolder } from "@thulp-sessions/testing";
import { expect, test } from "vitest";
import { run } from "../src/run.ts";
import { scoresOf } from "../src/scores.ts";
import { fakeTeacher, type Teacher } from "../src/teacher.ts";

const MAIN = join(import.meta.dirname, "../dist/main.js");

/** The lines of the table that was printed, without the ids. */
function scores(output: string): string[] {
  return [...output.matchAll(/^((?:teacher_demo|refinement) .*?) +\S+$/gm)].map(([, line = ""]) =>
    line.replaceAll(/ +/g, " "),
  );
}

const EXPECTED = ["teacher_demo 0 0.40 2/5", "refinement 1 0.60 3/5", "refinement 2 1.00 5/5"];

test.each(["sqlite:runs.db", "fs:runs"])("two runs in %s: each finds its own scores", async (url) => {
  const cwd = tempFolder();
  for (const _ of ["first", "second"]) {
    const { code, output } = await startNode([MAIN, "--store", url], { cwd }).ended;
    expect(code).toBe(0);
    expect(scores(output)).toEqual(EXPECTED);
  }
  await using store = await openStore(url, { cwd });
  const all = await new SessionManager(store).listSessions();
  expect(all.length).toBe(12);
  expect(new Set(all.map(({ tags }) => tags[0])).size).toBe(2);
  expect(all.every(({ status }) => status === "completed")).toBe(true);
});

test("parents tell what came of what", async () => {
  const { manager, sessions } = await ran(fakeTeacher);
  const byId = new Map<string, SessionMetadata>(sessions.map((each) => [each.id, each]));
  const lines = sessions.map(({ sessionType: { type }, parentSession }) => {
    const parent = parentSession ? byId.get(parentSession)?.sessionType.type : null;
    return `${type} of ${parent}`;
  });
  expect(lines).toEqual([
    "teacher_demo of null",
    "evaluation of teacher_demo",
    "refinement of teacher_demo",
    "evaluation of refinement",
    "refinement of refinement",
    "evaluation of refinement",
  ]);
  const { context } = await manager.loadSession(sessions[4]?.id ?? "");
  expect(context).toEqual({ skill: ["lower_case", "join_words", "drop_signs", "fold_accents"] });
});

test("a teacher who does not know: the refinement has failed, the scores so far are there", async () => {
  const { sessions, error, manager } = await ran({ ...fakeTeacher, hint: async () => undefined });
  expect(error?.message).toBe('The teacher does not know what "What\'s new?" needs.');
  expect(sessions.map(({ status }) => status)).toEqual(["completed", "completed", "failed"]);
  expect((await scoresOf(manager, "run")).map(({ score }) => score)).toEqual([0.4]);
});

test("stopped while the teacher thinks: that session is cancelled, and nothing begins after it", async () => {
  const stop = new AbortController();
  const hint: Teacher["hint"] = async (...question) => {
    stop.abort(new Error("stopped"));
    return fakeTeacher.hint(...question);
  };
  const { sessions, error } = await ran({ ...fakeTeacher, hint }, stop.signal);
  expect(error?.message).toBe("stopped");
  expect(sessions.map(({ status }) => status)).toEqual(["completed", "completed", "cancelled"]);
});

async function ran(teacher: Teacher, signal = new AbortController().signal) {
  const manager = new SessionManager(new MemoryStore());
  const error = await run({ tag: "run", manager, teacher, signal }).then(
    () => null,
    (error: Error) => error,
  );
  const { items: sessions } = await manager.pageSessions({ orderBy: "createdAt", direction: "asc" });
  return { manager, sessions, error };
}
