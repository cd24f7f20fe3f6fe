import type { ComponentChildren } from "preact";
import { SCROLLABLE } from "./scrollable.ts";

/** A page that is read from top to bottom; it scrolls, so that keys have to reach it. */
export function TextPage({ children }: { readonly children: ComponentChildren }) {
  return (
    <div class="text-page" {...SCROLLABLE}>
      {children}
    </div>
  );
}
