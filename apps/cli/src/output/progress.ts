import type { CopyProgress } from "@thulp-sessions/core";
import { groupDigits } from "@thulp-sessions/core/text";
import { span } from "../render/time.ts";
import type { Io } from "../terminal/io.ts";
import { progressBar, ratePerSecond } from "./progress-bar.ts";

export interface ProgressView {
  update(progress: CopyProgress): void;
  stop(): void;
}

/** A bar with rate and estimate on stderr, where a person is looking; nothing elsewhere. */
export function copyProgress(io: Io): ProgressView {
  const format = "{bar} {value}/{total} sessions  {entries} entries  {rate}/s  {left}";
  const bar = progressBar(io, format, 60);
  const started = Date.now();
  return {
    update({ done, total, entries }) {
      const rate = ratePerSecond(done, started);
      bar?.update(done, total, {
        entries: groupDigits(entries),
        rate: rate >= 10 ? groupDigits(Math.round(rate)) : rate.toFixed(1),
        left: done === 0 ? "" : `${span(((total - done) / rate) * 1000)} left`,
      });
    },
    stop: () => bar?.stop(),
  };
}
