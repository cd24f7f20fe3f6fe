import type { ReadonlySignal } from "@preact/signals";
import type { SessionId, SessionOutline } from "@thulp-sessions/core";
import { useEffect, useRef } from "preact/hooks";
import { calls } from "../../live/live.ts";
import { theme } from "../../parts/preferences.ts";
import { usePaced } from "../../parts/use-paced.ts";
import { useQuery } from "../../parts/use-query.ts";

interface Props {
  readonly id: SessionId;
  readonly version: string;
  /** The entry that is read. */
  readonly seq: ReadonlySignal<number>;
  readonly onJump: (seq: number) => void;
}

/** An outline of all entries is not asked for more often, however fast a session grows. */
const OUTLINE_MS = 1000;

/**
 * A map of the whole session beside the scroll bar of what is loaded: who speaks, and where calls failed. For
 * the mouse; the keys f, J and G lead to the same places.
 */
export function Rail({ id, version, seq, onJump }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const key = usePaced(version === "" ? null : `${id} ${version}`, OUTLINE_MS);
  const outline = useQuery(key, (signal) =>
    calls().entries.outline.query({ id, buckets: 600 }, { signal }),
  ).data;
  const chosen = theme.value;
  const place = seq.value;
  useEffect(() => {
    if (!canvas.current || !outline) return;
    const { current } = canvas;
    const redraw = () => draw(current, outline, place);
    redraw();
    const observer = new ResizeObserver(redraw);
    observer.observe(current);
    return () => observer.disconnect();
  }, [outline, place, chosen]);
  return (
    <div class="rail" aria-hidden="true">
      <canvas
        ref={canvas}
        onClick={(event) => {
          if (!outline) return;
          const { top, height } = event.currentTarget.getBoundingClientRect();
          onJump(Math.floor(((event.clientY - top) / height) * outline.entryCount));
        }}
      />
    </div>
  );
}

function draw(canvas: HTMLCanvasElement, { buckets, entryCount }: SessionOutline, seq: number): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = devicePixelRatio;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const context = canvas.getContext("2d");
  if (!context || entryCount === 0) return;
  context.scale(scale, scale);
  const style = getComputedStyle(canvas);
  const [accent, quiet, edge, bad, good, ink] = ["accent", "quiet", "edge", "bad", "good", "ink"].map(
    (name) => style.getPropertyValue(`--${name}`),
  ) as [string, string, string, string, string, string];
  const y = (at: number) => (at / entryCount) * height;
  buckets.forEach(({ seq: first, counts, failures, score }, i) => {
    const top = y(first);
    const size = Math.max(1, y(buckets[i + 1]?.seq ?? entryCount) - top);
    context.fillStyle = counts.user_message ? accent : counts.assistant_message ? quiet : edge;
    context.fillRect(3, top, width - 6, size);
    if (failures > 0) {
      context.fillStyle = bad;
      context.fillRect(0, top, width, Math.max(2, Math.min(size, 4)));
    }
    if (score !== undefined) {
      context.fillStyle = good;
      context.fillRect(width - 4, top, 4, Math.max(3, Math.min(size, 4)));
    }
  });
  context.fillStyle = ink;
  context.fillRect(0, y(seq), width, 2);
}
