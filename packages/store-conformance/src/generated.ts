import {
  SESSION_STATUSES,
  SESSION_TYPE_NAMES,
  type Session,
  type SessionFilter,
  type SessionType,
} from "@thulp-sessions/core";
import { makeSession, sessionId, T0 } from "./fixtures.ts";
import type { Random } from "./random.ts";

/** Names whose lower case is anything but simple, and characters that query languages give a meaning. */
export const NAMES = [
  "",
  "Plain name",
  "PLAIN NAME",
  "İstanbul",
  "istanbul",
  "i\u0307stanbul",
  "ISTANBUL",
  "ıstanbul",
  "straße",
  "STRASSE",
  "STRAẞE",
  "ΟΔΟΣ",
  "οδος",
  "οδοσ",
  "ΣΟΦΟΣ ΟΔΟΣ",
  "300 \u212a",
  "300 k",
  "\u212bngström",
  "ÅNGSTRÖM",
  "A\u030angstro\u0308m",
  "Ǆ ǅ ǆ",
  "100 % _ off",
  "100 x y off",
  "a*b?c[d]",
  "'; DROP TABLE sessions; --",
  'quote " and \\ backslash',
  "NUL \0 inside",
  "emoji 😀 Deseret 𐐀",
  "emoji 😀 Deseret 𐐨",
  "ﬁle",
  "file",
] as const;

const FRAGMENTS = [
  "",
  " ",
  "name",
  "NAME",
  "i",
  "I",
  "İ",
  "ı",
  "i\u0307",
  "\u0307",
  "stan",
  "ß",
  "ẞ",
  "ss",
  "SS",
  "Σ",
  "σ",
  "ς",
  "ΟΣ",
  "ος",
  "k",
  "K",
  "\u212a",
  "å",
  "Å",
  "\u212b",
  "ö",
  "o\u0308",
  "ǅ",
  "%",
  "_",
  "% _",
  "*",
  "?",
  "[d]",
  "'",
  '"',
  "\\",
  "\\ ",
  "\0",
  "😀",
  "𐐀",
  "𐐨",
  "\u{10428}",
  "fi",
  "ﬁ",
  "--",
  "zzz",
] as const;

/** Texts of session types that are easily compared wrongly. */
const FIELDS = ["s", "S", "", "s\0", "s t", "ſ", "😀", "\uffff", "'"] as const;

const TAGS = [
  "a",
  "A",
  "ä",
  "a\u0308",
  "",
  " ",
  "%",
  "long tag with spaces",
  "😀",
  "a,b",
  "null",
  "\uffff",
  "a:b",
] as const;

const PREFIXES = [
  "",
  "a",
  "A",
  "ä",
  "a\u0308",
  "a,",
  "a:",
  "long",
  "😀",
  "\uffff",
  "\u{10ffff}",
  "%",
  "_",
  "*",
] as const;

/** A session with something of everything that a filter can ask for. */
export function generatedSession(random: Random, n: number): Session {
  return makeSession(n, {
    name: random.pick(NAMES),
    sessionType: sessionType(random),
    status: random.pick(SESSION_STATUSES),
    tags: random.some(TAGS, 0, 3),
    createdAt: generatedTime(random),
    updatedAt: generatedTime(random),
    parentSession: random.chance(0.4) ? sessionId(random.below(4)) : null,
  });
}

/** A filter that is nested at most `depth` times. */
export function generatedFilter(random: Random, depth: number): SessionFilter {
  const filter: Record<string, unknown> = {};
  const parts = random.pick([0, 1, 1, 1, 2, 2, 3]);
  for (let i = 0; i < parts; i++) addPart(filter, random, depth);
  return filter;
}

function addPart(filter: Record<string, unknown>, random: Random, depth: number): void {
  const nested = () => generatedFilter(random, depth - 1);
  const list = () => Array.from({ length: random.pick([0, 1, 2, 2, 3]) }, nested);
  const parts: [string, () => unknown][] = [
    ["status", () => random.pick(SESSION_STATUSES)],
    [
      "type",
      () =>
        random.pick([
          ...SESSION_TYPE_NAMES,
          "AGENT",
          "Conversation",
          "no_such_type",
          "",
          "ag\u0130nt",
          "\u212a",
        ]),
    ],
    ["tag", () => random.pick([...TAGS, "missing"])],
    ["createdAfter", () => bound(random)],
    ["createdBefore", () => bound(random)],
    ["updatedAfter", () => bound(random)],
    ["updatedBefore", () => bound(random)],
    ["nameContains", () => random.pick(FRAGMENTS)],
    ["nameContains", () => random.pick(NAMES)],
    ["tagPrefix", () => random.pick(PREFIXES)],
    ["ids", () => random.some([0, 1, 2, 3, 5, 8, 13, 21, 34, 99], 0, 6).map((n) => sessionId(n))],
    ...(["skillName", "agentName", "model", "task"] as const).map((key): [string, () => unknown] => [
      key,
      () => random.pick(FIELDS),
    ]),
    ["parent", () => sessionId(random.below(5))],
    ["hasParent", () => random.chance(0.5)],
    ...(depth > 0
      ? ([
          ["and", list],
          ["or", list],
          ["or", list],
          ["not", nested],
          ["not", nested],
        ] as [string, () => unknown][])
      : []),
  ];
  const [key, value] = random.pick(parts);
  filter[key] = value();
}

function generatedTime(random: Random): number {
  return random.pick([0, T0 - 1, T0, T0, T0 + 1, T0 + 2, Number.MAX_SAFE_INTEGER]);
}

function bound(random: Random): number {
  return random.pick([-1, 0, T0 - 1, T0, T0 + 1, T0 + 3, Number.MAX_SAFE_INTEGER, 2 ** 60, -(2 ** 70), -0]);
}

function sessionType(random: Random): SessionType {
  const field = () => random.pick(FIELDS);
  return random.pick<() => SessionType>([
    () => ({ type: "teacher_demo", task: field(), model: field() }),
    () => ({ type: "evaluation", skillName: field(), testCases: 1 }),
    () => ({ type: "refinement", skillName: field(), iteration: 1 }),
    () => ({ type: "conversation", purpose: "agent" }),
    () => ({ type: "agent", agentName: field() }),
  ])();
}

const WORDS = [
  "alpha",
  "ALPHA",
  "alph",
  "alphabet",
  "beta",
  "Béta",
  "βήτα",
  "ΒΉΤΑ",
  "straße",
  "strasse",
  "naïve",
  "naive",
  "İzmir",
  "izmir",
  "東京",
  "京都",
  "東",
  "カタカナ",
  "readFile",
  "read_file",
  "file",
  "x86",
  "64",
  "a",
  "é",
  "e\u0301",
  "ﬁ",
  "😀",
  "ไทย",
  "ς",
  "Ж",
] as const;
const BETWEEN = [
  " ",
  " ",
  " ",
  "  ",
  "\n",
  "-",
  "_",
  ".",
  ", ",
  "/",
  "\0",
  "\u2028",
  "",
  "\ue000",
  "\u0301",
] as const;

/** Some words with something between them. */
export function generatedText(random: Random): string {
  return random
    .some(WORDS, 0, 8)
    .map((word) => word + random.pick(BETWEEN))
    .join("");
}

/** Words, phrases and prefixes. */
export function generatedSearchText(random: Random): string {
  return Array.from({ length: 1 + random.below(3) }, () => {
    if (random.chance(0.3)) return `"${random.some(WORDS, 1, 3).join(random.pick([" ", "-"]))}"`;
    const word: string = random.pick(WORDS);
    return random.chance(0.3) ? `${word.slice(0, 1 + random.below(word.length))}*`.toWellFormed() : word;
  }).join(" ");
}
