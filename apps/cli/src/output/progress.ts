import type { CopyProgress } from "@thulp-sessions/core";
import cliProgress from "cli-progress";
import { span } from "../render/time.ts";
import type { Io } from "../terminal/io.ts";

export interface ProgressView {
  update(progress: CopyProgress): void;
  stop(): void;
}

/** A bar with rate and estimate on stderr, where a person is looking; nothing elsewhere. */
export function copyProgress(io: Io): ProgressView {
  const { stderr } = io.process;
  if (stderr.isTTY !== true) return { update: () => {}, stop: () => {} };
  const started = Date.now();
  let shown = false;
  const bar = new cliProgress.SingleBar({
    stream: stderr,
    fps: 8,
    hideCursor: false,
    clearOnComplete: true,
    barsize: Math.max(10, Math.min(30, io.width - 60)),
    barCompleteChar: "█",
    barIncompleteChar: "░",
    format: "{bar} {value}/{total} sessions  {entries} entries  {rate}/s  {left}",
  });
  return {
    update({ done, total, entries }) {
      const seconds = Math.max(0.001, (Date.now() - started) / 1000);
      const rate = done / seconds;
      const facts = {
        entries: entries.toLocaleString("en"),
        rate: rate >= 10 ? Math.round(rate).toLocaleString("en") : rate.toFixed(1),
        left: done === 0 ? "" : `${span(((total - done) / rate) * 1000)} left`,
      };
      if (!shown) bar.start(total, done, facts);
      else {
        bar.setTotal(total);
        bar.update(done, facts);
      }
      shown = true;
    },
    stop: () => shown && bar.stop(),
  };
}
