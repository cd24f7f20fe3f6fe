import type { SessionStatus } from "@thulp-sessions/core";

const SHAPES: Readonly<Record<SessionStatus, string>> = {
  active: "●",
  completed: "✓",
  failed: "✗",
  cancelled: "⊘",
  paused: "‖",
};

/** A status by its shape and its name: colours alone tell nothing to many. */
export function StatusMark({
  status,
  named = false,
}: {
  readonly status: SessionStatus;
  readonly named?: boolean;
}) {
  return (
    <span class={`status status-${status}`} title={status}>
      <span aria-hidden="true">{SHAPES[status] ?? "?"}</span>
      <span class={named ? "" : "unseen"}> {status}</span>
    </span>
  );
}
