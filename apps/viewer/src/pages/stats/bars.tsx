import { groupDigits } from "@thulp-sessions/core/text";
import type { ComponentChildren } from "preact";

/** One bar that lies. */
export interface BarItem {
  readonly key: string;
  readonly label: string;
  readonly count: number;
  /** Where its sessions are; absent where no filter says which they are. */
  readonly href?: string;
  /** What stands behind the count. */
  readonly note?: ComponentChildren;
}

/** Values with how many there are of each, as bars from the left. */
export function Bars({ items, label }: { readonly items: readonly BarItem[]; readonly label: string }) {
  const most = Math.max(1, ...items.map((item) => item.count));
  return (
    <ul class="bars" aria-label={label}>
      {items.map((item) => (
        <li key={item.key}>
          {item.href === undefined ? (
            <span class="bar-label">{item.label}</span>
          ) : (
            <a class="bar-label" href={item.href}>
              {item.label}
            </a>
          )}
          <meter min={0} max={most} value={item.count} aria-hidden="true" />
          <span class="bar-count">
            {groupDigits(item.count)}
            {item.note !== undefined && <span class="quiet"> {item.note}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}
