import type { JsonValue } from "@thulp-sessions/core";
import { visibleText } from "@thulp-sessions/core/text";
import { useState } from "preact/hooks";
import { copyText } from "../parts/copy.ts";
import { counted } from "../parts/time.ts";

const STEP = 100;
const MAX_INLINE = 400;

/** A value of any size and depth; what is closed is not made. */
export function JsonTree({
  value,
  openLevels = 1,
}: {
  readonly value: JsonValue;
  readonly openLevels?: number;
}) {
  return (
    <div class="json">
      <Value value={value} pointer="" openLevels={openLevels} />
    </div>
  );
}

interface ValueProps {
  readonly value: JsonValue;
  readonly pointer: string;
  readonly openLevels: number;
}

function Value(props: ValueProps) {
  const { value } = props;
  if (typeof value === "string") return <StringValue text={value} />;
  if (typeof value !== "object" || value === null)
    return <span class={`json-${value === null ? "null" : typeof value}`}>{String(value)}</span>;
  return <Branch {...props} value={value} />;
}

function Branch({
  value,
  pointer,
  openLevels,
}: ValueProps & { readonly value: readonly JsonValue[] | { readonly [key: string]: JsonValue } }) {
  const [isOpen, setOpen] = useState(openLevels > 0);
  const [shown, setShown] = useState(STEP);
  const isArray = Array.isArray(value);
  const keys = Object.keys(value);
  if (keys.length === 0) return <span class="quiet">{isArray ? "[]" : "{}"}</span>;
  const summary = isArray ? `[${counted(keys.length, "item")}]` : `{${counted(keys.length, "key")}}`;
  return (
    <span class="json-branch">
      <button type="button" class="fold" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span> {summary}
      </button>
      {isOpen && (
        <ul>
          {keys.slice(0, shown).map((key) => {
            const at = `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
            const item = (value as { readonly [key: string]: JsonValue })[key] as JsonValue;
            return (
              <li key={key}>
                <button
                  type="button"
                  class="json-key"
                  title="Copy the JSON pointer"
                  onClick={() => copyText(at, "JSON pointer")}
                >
                  {visibleText(key.length > 200 ? `${key.slice(0, 200).toWellFormed()}…` : key)}
                </button>
                : <Value value={item} pointer={at} openLevels={openLevels - 1} />
              </li>
            );
          })}
          {keys.length > shown && (
            <li>
              <button type="button" onClick={() => setShown(shown + STEP * 10)}>
                {counted(keys.length - shown, "more item")}
              </button>
            </li>
          )}
        </ul>
      )}
    </span>
  );
}

function StringValue({ text }: { readonly text: string }) {
  const [shown, setShown] = useState(MAX_INLINE);
  return (
    <span class="json-string">
      {visibleText(text.length > shown ? text.slice(0, shown).toWellFormed() : text)}
      {text.length > shown && (
        <button type="button" onClick={() => setShown(shown === MAX_INLINE ? 20_000 : shown * 10)}>
          … {counted(text.length - shown, "more character")}
        </button>
      )}
    </span>
  );
}
