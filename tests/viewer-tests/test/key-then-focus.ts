import type { Page } from "playwright-core";

/** What has the focus as soon as a key is handled, before any other can come. */
export function focusedByKey(
  page: Page,
  key: string,
  modifiers: { ctrlKey?: boolean } = {},
): Promise<string> {
  return page.evaluate(
    async (init) => {
      document.body.dispatchEvent(new KeyboardEvent("keydown", { ...init, bubbles: true, cancelable: true }));
      // Promises are settled before the next key comes; a timer or a painted frame may not be there by then.
      for (let i = 0; i < 10; i++) await Promise.resolve();
      return document.activeElement?.tagName ?? "";
    },
    { key, ...modifiers },
  );
}
