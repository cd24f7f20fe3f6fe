import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { memberText } from "../lines/member-text.ts";
import type { OpenBytes, TranscriptFile } from "./transcript-file.ts";

/** One of many files that make up a session. */
export interface MemberFile {
  readonly path: string;
  /** Relative to the agent's root, with `/` between its parts. */
  readonly relativePath: string;
  readonly tree: string;
  readonly id: string;
  readonly within: string | null;
  readonly size: number;
  readonly modifiedAt: number;
  readonly stamp: string;
}

/** The sessions that files make up, and the files that belong to none. */
export function sessionsOf(members: readonly MemberFile[]): {
  readonly files: readonly TranscriptFile[];
  readonly orphans: readonly MemberFile[];
} {
  const within = new Map<string, MemberFile[]>();
  for (const member of members) {
    if (member.within === null) continue;
    const key = keyOf(member.tree, member.within);
    within.set(key, [...(within.get(key) ?? []), member]);
  }
  const orphans = new Set(members);
  const gather = (member: MemberFile): MemberFile[] => {
    // Each is taken once, whatever the ids say.
    if (!orphans.delete(member)) return [];
    const children = within.get(keyOf(member.tree, member.id)) ?? [];
    return [member, ...children.toSorted(byId).flatMap(gather)];
  };
  const files = members.filter((member) => member.within === null).map((root) => fileOf(gather(root)));
  return { files: files.filter((file) => file !== null), orphans: [...orphans] };
}

function fileOf(members: readonly MemberFile[]): TranscriptFile | null {
  const [root] = members;
  if (!root) return null;
  const stamps = createHash("sha256");
  for (const { relativePath, stamp } of members) stamps.update(`${relativePath} ${stamp}\n`);
  return {
    nativeId: root.id,
    path: root.path,
    relativePath: `${root.id}.jsonl`,
    size: members.reduce((sum, { size }) => sum + size, 0),
    modifiedAt: Math.max(...members.map(({ modifiedAt }) => modifiedAt)),
    stamp: stamps.digest("hex"),
    sideFiles: [],
    open: linesOf(members),
    madeOf: "members",
  };
}

function linesOf(members: readonly MemberFile[]): OpenBytes {
  return async function* () {
    for (const { path, relativePath } of members)
      yield Buffer.from(`${memberText(relativePath, await readFile(path))}\n`);
  };
}

function keyOf(tree: string, id: string): string {
  return JSON.stringify([tree, id]);
}

function byId(a: MemberFile, b: MemberFile): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
