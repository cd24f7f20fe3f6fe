import {
  SESSION_STATUSES,
  type SessionFilter,
  type SessionId,
  type SessionMetadata,
  type SessionType,
} from "@thulp-sessions/core";
import fc from "fast-check";

const TAGS = ["a", "A", "b", "ä", "", "a\0b", "a%", "_", "'", '"', "ſ"];
const NAME_PARTS = [
  "",
  "A",
  "a",
  "b",
  " ",
  "İ",
  "ẞ",
  "ß",
  "Σ",
  "ΑΣ",
  "σ",
  "\0",
  "%",
  "_",
  "'",
  "漢",
  "😀",
  "ſ",
  "K",
  "É",
  "é",
];
const TYPES: SessionType[] = [
  { type: "teacher_demo", task: "t", model: "m" },
  { type: "evaluation", skillName: "s", testCases: 1 },
  { type: "refinement", skillName: "s", iteration: 1 },
  { type: "conversation", purpose: "p" },
  { type: "agent", agentName: "a" },
];
const TYPE_TEXTS = [
  "conversation",
  "CONVERSATION",
  "Agent",
  "agent",
  "evaluation",
  "teacher_demo",
  "ſ",
  "",
  "agent\0",
];
const TIMES = [0, 1, 2, 1000, 1001, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER];
const BOUNDS = [...TIMES, -1, -0, 2 ** 53, 2 ** 63, -(2 ** 63), 1e300, -1e300, Number.MAX_VALUE];

/** Few, so that filters match sessions. */
const PARENTS = [1, 2, 3].map((n) => `00000000-0000-0000-0000-00000000000${n}` as SessionId);

const name = fc.array(fc.constantFrom(...NAME_PARTS), { maxLength: 4 }).map((parts) => parts.join(""));

export const metadataArbitrary: fc.Arbitrary<SessionMetadata> = fc.record({
  id: fc.uuid().map((id) => id as SessionId),
  name,
  sessionType: fc.constantFrom(...TYPES),
  createdAt: fc.constantFrom(...TIMES),
  updatedAt: fc.constantFrom(...TIMES),
  status: fc.constantFrom(...SESSION_STATUSES),
  tags: fc.array(fc.constantFrom(...TAGS), { maxLength: 4 }),
  parentSession: fc.option(fc.constantFrom(...PARENTS)),
});

const keys = {
  status: fc.constantFrom(...SESSION_STATUSES),
  type: fc.constantFrom(...TYPE_TEXTS),
  tag: fc.constantFrom(...TAGS, "absent"),
  createdAfter: fc.constantFrom(...BOUNDS),
  createdBefore: fc.constantFrom(...BOUNDS),
  updatedAfter: fc.constantFrom(...BOUNDS),
  updatedBefore: fc.constantFrom(...BOUNDS),
  nameContains: name,
  parent: fc.constantFrom(...PARENTS, "00000000-0000-0000-0000-000000000009" as SessionId),
  hasParent: fc.boolean(),
};

// One key as a rule: filters of many keys match nothing.
const leaf: fc.Arbitrary<SessionFilter> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({}) },
  ...Object.entries(keys).map(([key, value]) => ({
    weight: 3,
    arbitrary: (value as fc.Arbitrary<unknown>).map((chosen) => ({ [key]: chosen }) as SessionFilter),
  })),
  { weight: 6, arbitrary: fc.record(keys, { requiredKeys: [] }) },
);

export const filterArbitrary: fc.Arbitrary<SessionFilter> = fc.letrec<{ filter: SessionFilter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie("filter"), { maxLength: 4 }).map((and) => ({ and })),
    fc.array(tie("filter"), { maxLength: 4 }).map((or) => ({ or })),
    tie("filter").map((not) => ({ not })),
    fc
      .tuple(
        leaf,
        fc.array(tie("filter"), { maxLength: 2 }),
        fc.array(tie("filter"), { minLength: 1, maxLength: 3 }),
        tie("filter"),
      )
      .map(([own, and, or, not]) => ({ ...own, and, or, not })),
  ),
})).filter;
