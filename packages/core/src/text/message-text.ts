/**
 * What a message says, where that is all it holds for a reader: of a message as LangChain serializes it. Ids
 * and what the model's provider adds (usage, finish reason) are not for a reader; calls of tools and contents
 * that are no text are.
 *
 * @returns `null` for anything else, which has to be shown as it is.
 */
export function messageText(content: unknown): string | null {
  const fields = langChainFields(content);
  if (fields === undefined) return null;
  const { tool_calls, invalid_tool_calls, additional_kwargs } = fields;
  if (![tool_calls, invalid_tool_calls, additional_kwargs].every(isEmpty)) return null;
  return saidIn(fields["content"]);
}

type Fields = Readonly<Record<string, unknown>>;

/** Of `{lc: 1, id: [..., "messages", ...], kwargs}`, and of the `{type, data}` of chat histories. */
function langChainFields(content: unknown): Fields | undefined {
  if (!isObject(content)) return undefined;
  const { lc, type, id, kwargs, data } = content;
  if (lc === 1 && type === "constructor" && Array.isArray(id) && id[1] === "messages") {
    return isObject(kwargs) ? kwargs : undefined;
  }
  const isStored = typeof type === "string" && isObject(data) && Object.keys(content).length === 2;
  return isStored ? data : undefined;
}

/** A text, or blocks that are all text. */
function saidIn(content: unknown): string | null {
  if (typeof content === "string") return content;
  if (!Array.isArray(content) || content.length === 0) return null;
  const texts = content.map((block) =>
    isObject(block) && block["type"] === "text" && typeof block["text"] === "string" ? block["text"] : null,
  );
  return texts.includes(null) ? null : texts.join("\n\n");
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0)
  );
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
