import { isUtf8 } from "node:buffer";
import type { SessionId, SessionMetadata } from "@thulp-sessions/core";
import { expect, test } from "vitest";
import { readFixedHeader } from "../../src/format/canonical-layout.ts";
import { readCanonicalMetadata } from "../../src/format/canonical-metadata.ts";
import { encodeHeader } from "../../src/format/encode-header.ts";
import { decodeMetadata } from "../../src/format/serde/codec.ts";
import { JsonScanner } from "../../src/format/serde/json-scanner.ts";
import { acceptedFiles, bytesOf, idOf, rejectedFiles } from "../corpus.ts";

const ID = "aaaaaaaa-0000-4000-8000-000000000001" as SessionId;

const SESSIONS: readonly SessionMetadata[] = [
  {
    id: ID,
    name: 'a "name" with \\ and \n, é, 日本 and \ud83d\ude00',
    sessionType: { type: "evaluation", skillName: "skill", testCases: 12 },
    createdAt: 1_700_000_000_000,
    updatedAt: 1_700_000_000_001,
    status: "paused",
    tags: ["one", "zwei", '",\n    "parent_session": '],
    parentSession: "bbbbbbbb-0000-4000-8000-000000000002" as SessionId,
  },
  {
    id: ID,
    name: "",
    sessionType: { type: "conversation", purpose: '",\n    "created_at": 1' },
    createdAt: 0,
    updatedAt: Number.MAX_SAFE_INTEGER,
    status: "active",
    tags: [],
    parentSession: null,
  },
];

const headOf = (metadata: SessionMetadata) =>
  Buffer.concat([
    encodeHeader({ metadata, context: {}, epoch: "1700000000500000.3.1700000000000000" }).bytes,
    Buffer.from("\n  ]\n}"),
  ]);

/** Where the brace of the metadata stands. */
const METADATA_OFFSET = '{\n  "metadata": '.length;

/** As a list reads it: only where the fixed fields stand as we write them. */
function read(head: Buffer, id: SessionId): SessionMetadata | null {
  const fixed = readFixedHeader(head);
  const metadata = fixed && readCanonicalMetadata(head, fixed, id);
  return metadata && { ...metadata, updatedAt: fixed.updatedAt };
}

/** What the decoder says, which follows the original. */
function decodedHead(bytes: Buffer): SessionMetadata | null {
  try {
    const scanner = new JsonScanner(bytes, METADATA_OFFSET);
    const { value } = decodeMetadata(scanner);
    return isUtf8(bytes.subarray(0, scanner.position)) ? { ...value, id: ID } : null;
  } catch {
    return null;
  }
}

test.each(SESSIONS)("what we write is read without the decoder: $sessionType.type", (metadata) => {
  expect(read(headOf(metadata), ID)).toEqual(metadata);
  expect(decodedHead(headOf(metadata))).toEqual(metadata);
});

test("of another session, or of one that goes on behind the head, the decoder has to say", () => {
  const [metadata] = SESSIONS as [SessionMetadata];
  const bytes = headOf(metadata);
  expect(read(bytes, SESSIONS[0]?.parentSession as SessionId)).toBeNull();
  for (let end = 0; end < bytes.length; end++) {
    const found = read(bytes.subarray(0, end), ID);
    if (found) expect(found).toEqual(metadata);
    else expect(bytes.toString("latin1", 0, end)).not.toContain('"context": ');
  }
});

const PIECES = [
  ...'"\\{}[],: \n\t0123456789-+.eEuabfnrt\u0000\u00e9\u0080\u00ff',
  "\\ud83d",
  "\\u0041",
  "\\/",
  "null",
  "true",
  "1e3",
  "00",
  '"active"',
  '"type": "agent"',
  '"name": "x",\n    ',
  '"skill_name": "x",\n      ',
  '\n    "tags": [],',
  ',\n    "parent_session": ',
  '\n  },\n  "context": ',
].map((piece) => Buffer.from(piece, "latin1"));

test("whatever stands in the head, it is never read as anything but what the decoder makes of it", () => {
  let seed = 1;
  const below = (limit: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * limit);
  };
  let taken = 0;
  let left = 0;
  for (let i = 0; i < 60_000; i++) {
    let bytes = headOf(SESSIONS[i % SESSIONS.length] as SessionMetadata);
    for (let changes = 1 + below(2); changes > 0; changes--) {
      // Before the brackets of the entries: what follows the metadata is not the question.
      const at = below(bytes.length - 30);
      const piece = PIECES[below(PIECES.length)] as Buffer;
      bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + below(3))]);
    }
    const found = read(bytes, ID);
    if (found === null) {
      left++;
      continue;
    }
    taken++;
    expect(found, bytes.toString()).toEqual(decodedHead(bytes));
  }
  // Changes within the texts are taken, those elsewhere are not.
  expect(taken).toBeGreaterThan(2_000);
  expect(left).toBeGreaterThan(2_000);
});

test("the files of the original", () => {
  for (const file of [...acceptedFiles, ...rejectedFiles]) {
    const found = read(bytesOf(file), idOf(file) as SessionId);
    if (found) expect(found).toEqual({ ...decodedHead(bytesOf(file)), id: found.id });
  }
});
