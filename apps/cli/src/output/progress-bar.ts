import cliProgress from "cli-progress";
import type { Io } from "../terminal/io.ts";

/** How far a long command is. */
export interface ProgressBar {
  /** @param facts what the format names beside the bar. */
  update(done: number, total: number, facts: object): void;
  stop(): void;
}

/**
 * A bar on stderr, where a person is looking; `null` elsewhere.
 *
 * @param columns what stands beside the bar at most.
 */
export function progressBar(io: Io, format: string, columns: number): ProgressBar | null {
  const { stderr } = io.process;
  if (stderr.isTTY !== true) return null;
  let shown = false;
  const bar = new cliProgress.SingleBar({
    stream: stderr,
    fps: 8,
    hideCursor: false,
    clearOnComplete: true,
    barsize: Math.max(10, Math.min(30, io.width - columns)),
    barCompleteChar: "█",
    barIncompleteChar: "░",
    format,
  });
  return {
    update(done, total, facts) {
      if (!shown) bar.start(total, done, facts);
      else {
        bar.setTotal(total);
        bar.update(done, facts);
      }
      shown = true;
    },
    stop: () => void (shown && bar.stop()),
  };
}

/** A second, since `started` in milliseconds. */
export function ratePerSecond(done: number, started: number): number {
  return done / Math.max(0.001, (Date.now() - started) / 1000);
}
