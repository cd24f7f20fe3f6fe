import type { SessionId, ViewedEntry } from "@thulp-sessions/core";

/** The calls of one tool. */
interface ToolCount {
  readonly name: string;
  readonly calls: number;
  readonly failed: number;
  /** A call that failed, of the session that changed last; `null` where none has. */
  readonly failedAt: { readonly id: SessionId; readonly title: string; readonly seq: number } | null;
}

/** The tools of some sessions. */
export interface ToolCounts {
  /** The most failures first, then the most calls. */
  readonly tools: readonly ToolCount[];
  readonly sessions: number;
  readonly calls: number;
  /** Sessions of which only the last calls were counted. */
  readonly cut: number;
  /** Sessions that cannot be read, and are not counted. */
  readonly unreadable: number;
}

/** The last calls of one session. */
export interface SessionCalls {
  readonly id: SessionId;
  readonly title: string;
  /** The last one first. */
  readonly entries: readonly ViewedEntry[];
  readonly isCut: boolean;
}

/** @param found of each session, the one that changed last first; `null` for what cannot be read. */
export function countTools(found: readonly (SessionCalls | null)[]): ToolCounts {
  const tools = new Map<string, { calls: number; failed: number; failedAt: ToolCount["failedAt"] }>();
  const sessions = found.filter((each) => each !== null);
  for (const { id, title, entries } of sessions) {
    for (const { entryType, seq } of entries) {
      if (entryType.type !== "tool_call") continue;
      const tool = tools.get(entryType.toolName) ?? { calls: 0, failed: 0, failedAt: null };
      tool.calls++;
      if (!entryType.success) {
        tool.failed++;
        tool.failedAt ??= { id, title, seq };
      }
      tools.set(entryType.toolName, tool);
    }
  }
  const counted = [...tools].map(([name, tool]) => ({ name, ...tool }));
  return {
    tools: counted.sort((a, b) => b.failed - a.failed || b.calls - a.calls || (a.name < b.name ? -1 : 1)),
    sessions: sessions.length,
    calls: counted.reduce((sum, tool) => sum + tool.calls, 0),
    cut: sessions.filter(({ isCut }) => isCut).length,
    unreadable: found.length - sessions.length,
  };
}

/** A share in words; one that is neither none nor all is never said to be. */
export function shareText(part: number, whole: number): string {
  if (part === 0 || part === whole) return part === 0 ? "0\u00a0%" : "100\u00a0%";
  const percent = (part / whole) * 100;
  return `${percent < 1 ? "below 1" : percent > 99 ? "above 99" : Math.round(percent)}\u00a0%`;
}
