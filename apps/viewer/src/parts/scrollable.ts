/**
 * For an element that scrolls: who has no pointer reaches it by Tab and scrolls it by the arrow keys
 * (axe-core's rule scrollable-region-focusable).
 */
export const SCROLLABLE = { tabIndex: 0 } as const;
