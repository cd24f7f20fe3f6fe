import { readFileSync } from "node:fs";

/**
 * The most resident memory that this process had, in MB. On Linux `maxRSS` will not do: a child begins with
 * that of the process that started it, so that behind a large parent every child looks alike.
 */
export function peakMb(): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    if (kilobytes !== undefined) return Number(kilobytes) / 1024;
  } catch {
    // Only Linux has the file.
  }
  return process.resourceUsage().maxRSS / 1024;
}
