import type {
  EntryId,
  EntryType,
  JsonValue,
  Session,
  SessionEntry,
  SessionId,
  SessionStatus,
  SessionType,
} from "@thulp-sessions/core";

/** Whole numbers from 0, below `end`, that look random and are the same in every run (mulberry32). */
function numbersOf(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  };
}

const WORDS = ["build", "parse", "file", "test", "naïve", "größer", "日本", "😀", "error", "fix", "build-42"];
const TOOLS = ["Read", "Edit", "Bash"];
const STATUSES: readonly SessionStatus[] = ["active", "completed", "failed"];

/**
 * Sessions of every type, with parents, forks, long contents and scores; the same in every run.
 *
 * Longer than most functions: all that it makes comes from one row of numbers.
 */
export function sampleSessions(): Session[] {
  const below = numbersOf(7);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;
  const uuid = () => {
    const hex = Array.from({ length: 32 }, () => below(16).toString(16)).join("");
    return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
  };
  const text = (most: number) =>
    Array.from({ length: 1 + below(most) }, () => pick(WORDS)).join(pick([" ", "\n", ", "]));
  const content = (): JsonValue => {
    const dice = below(12);
    if (dice < 5) return { text: text(12) };
    if (dice < 7) return text(40);
    if (dice === 7)
      return { command: text(3), output: text(300), exitCode: below(3), '\u0007"key': [null, true] };
    if (dice === 8) return Array.from({ length: below(120) }, (_, i) => ({ i, name: pick(WORDS) }));
    if (dice === 9) return { nested: { deep: [{ "a/b~c": text(300) }, 1.5, -3e21] } };
    if (dice === 10) return pick<JsonValue>([null, 7, "", [], {}, { a: "" }]);
    return { output: "\u0001".repeat(below(1500)), path: "src/x.ts" };
  };
  const entryType = (): EntryType => {
    const dice = below(20);
    if (dice < 4) return { type: "user_message" };
    if (dice < 8) return { type: "assistant_message" };
    if (dice < 9) return { type: "system_message" };
    if (dice < 14) return { type: "tool_call", toolName: pick(TOOLS), success: below(4) > 0 };
    if (dice < 17) return { type: "skill_execution", skillName: "parse", success: below(3) > 0 };
    if (dice < 18)
      return {
        type: "evaluation_result",
        score: below(100) / 100,
        metrics: { passed: below(9), latency: 0.5 },
      };
    return { type: "system_event", event: dice === 18 ? "started" : "x".repeat(6000) };
  };
  let time = 1_700_000_000_000;
  const later = (ms: number) => {
    time += 1 + below(ms);
    return time;
  };
  const entry = (): SessionEntry => ({
    id: uuid() as EntryId,
    timestamp: later(5000),
    entryType: entryType(),
    content: content(),
  });
  const entries = (count: number) => Array.from({ length: count }, entry);
  const sessionType = (): SessionType =>
    pick<SessionType>([
      { type: "conversation", purpose: "ci" },
      { type: "agent", agentName: pick(["builder", "reviewer"]) },
      { type: "evaluation", skillName: pick(["parse", "rename"]), testCases: 3 },
      { type: "refinement", skillName: "parse", iteration: 1 },
      { type: "teacher_demo", task: "demo", model: "fake" },
    ]);
  const sessions: Session[] = [];
  const add = (parent: Session | null, own: readonly SessionEntry[]) => {
    const createdAt = later(100_000);
    sessions.push({
      metadata: {
        id: uuid() as SessionId,
        name: text(4),
        sessionType: sessionType(),
        createdAt,
        updatedAt: createdAt + below(1000),
        status: pick(STATUSES),
        tags: pick([[], ["ci"], ["ci", "nightly", "ci"], ["run:1"], ["run:2", "ci"]]),
        parentSession: parent?.metadata.id ?? null,
      },
      entries: own,
      context: {},
    });
  };
  for (const count of [0, 1, 5, 40, 150]) add(null, entries(count));
  for (let i = 0; i < 14; i++) {
    const parent = sessions[2 + below(sessions.length - 2)] as Session;
    // A fork keeps the ids of what it was given; some are forked at their end, some were not forked at all.
    const kept = below(3) === 0 ? 0 : below(parent.entries.length + 1);
    add(parent, [...parent.entries.slice(0, kept), ...entries(below(20))]);
  }
  // One whose parent is not there; and two that are each other's parents.
  add({ metadata: { id: uuid() } } as Session, entries(3));
  add(null, entries(2));
  const [one] = sessions.slice(-1) as [Session];
  add(one, entries(2));
  const [other] = sessions.slice(-1) as [Session];
  sessions[sessions.indexOf(one)] = {
    ...one,
    metadata: { ...one.metadata, parentSession: other.metadata.id },
  };
  return sessions;
}
