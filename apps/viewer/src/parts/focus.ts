/** Counts the calls: of two rows that are waited for, the one that was wanted last gets the focus. */
let lastCall = 0;

/**
 * Gives the focus to a row of a list that draws only what is looked at: a row that was scrolled to is there
 * some frames later, and one that is not measured yet is hidden and takes no focus. The list has it until
 * then, so that the next key is meant for its rows and not for the link that was used last.
 * @param frames how many frames to wait for it.
 */
export function focusRow(scroller: HTMLElement | null, selector: string, frames: number): void {
  const call = ++lastCall;
  const row = scroller?.querySelector<HTMLElement>(selector);
  row?.focus({ preventScroll: true });
  if (!scroller || (row && row === document.activeElement)) return;
  scroller.focus({ preventScroll: true });
  if (frames > 0)
    requestAnimationFrame(() => {
      if (call === lastCall && document.activeElement === scroller) focusRow(scroller, selector, frames - 1);
    });
}

/** Moves the focus by so many links of an area, and no further than the first or the last of them. */
export function moveFocus(area: HTMLElement | null, step: number): void {
  const links = [...(area?.querySelectorAll("a") ?? [])];
  const at = links.indexOf(document.activeElement as HTMLAnchorElement);
  links[Math.max(0, Math.min(links.length - 1, at + step))]?.focus();
}
