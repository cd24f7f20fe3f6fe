import { useLayoutEffect, useRef } from "preact/hooks";

/** What each key does: `j`, `J`, `Enter`, `Ctrl+f`. To answer `false` leaves the key to the browser. */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing has handled the key.
export type KeyBindings = Readonly<Record<string, () => void | false>>;

/** Listens while the component is shown. The component that is shown last has the first word. */
export function useKeys(bindings: KeyBindings): void {
  const current = useRef(bindings);
  current.current = bindings;
  // Not after what is drawn: a key that comes when the page is seen would be lost.
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent) => {
      // A dialog has keys of its own; to handle Escape here would keep it open.
      if (event.defaultPrevented || isInDialog(event.target)) return;
      const name = keyName(event);
      const handler = Object.hasOwn(current.current, name) ? current.current[name] : undefined;
      if (!handler || (isTyping(event.target) && !/^(Escape|Ctrl\+)/.test(name))) return;
      if (isOwnKey(event.target, event.key)) return;
      if (handler() !== false) event.preventDefault();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
}

function keyName(event: KeyboardEvent): string {
  // Alt and an arrow are the way back and forward.
  if (event.altKey) return "";
  return event.ctrlKey || event.metaKey ? `Ctrl+${event.key.toLowerCase()}` : event.key;
}

function isInDialog(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("dialog") !== null;
}

/** In a field a letter is a letter. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button"].includes(target.type);
  return (
    target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable
  );
}

/** What a button or link does by itself when it has the focus. */
function isOwnKey(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof Element)) return false;
  if (key === "Enter") return target.closest("a, button, summary") !== null;
  return key === " " && target.closest("button, summary") !== null;
}
