import { useLayoutEffect, useRef } from "preact/hooks";

/** Asks for the number of an entry. */
export function GoTo({
  most,
  onGo,
}: {
  readonly most: number;
  /** `null`: nowhere. */
  readonly onGo: (seq: number | null) => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLInputElement>(null);
  // Before the next key comes.
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={() => onGo(null)} aria-label="Go to an entry">
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          const seq = Number(field.current?.value);
          onGo(Number.isInteger(seq) && seq >= 0 ? Math.min(seq, most) : null);
        }}
      >
        <label>
          Entry (0 to {most}){" "}
          <input ref={field} type="text" inputMode="numeric" pattern="\d*" autocomplete="off" size={8} />
        </label>{" "}
        <button type="submit">Go</button>
      </form>
    </dialog>
  );
}
