/**
 * What a message says, where that is all it holds for a reader: of a message as LangChain serializes it, of a
 * `UIMessage` of the AI SDK, of an item of the OpenAI Agents SDK, and of a line of Claude's transcripts. Ids
 * and what the provider or the application notes about it (usage, finish reason, metadata, the working
 * directory) are not for a reader; calls of tools and contents that are no text are.
 *
 * @returns `null` for anything else, which has to be shown as it is.
 */
export function messageText(content: unknown): string | null {
  if (!isObject(content)) return null;
  return langChainText(content) ?? uiMessageText(content) ?? openAiText(content) ?? claudeText(content);
}

type Fields = Readonly<Record<string, unknown>>;

function langChainText(content: Fields): string | null {
  const fields = langChainFields(content);
  if (fields === undefined) return null;
  const { tool_calls, invalid_tool_calls, additional_kwargs } = fields;
  if (![tool_calls, invalid_tool_calls, additional_kwargs].every(isEmpty)) return null;
  return saidIn(fields["content"]);
}

/** Of `{id, role, parts}`: the beginnings of steps say nothing. */
function uiMessageText(content: Fields): string | null {
  const { id, role, parts, metadata: _, ...more } = content;
  const isMessage = typeof id === "string" && typeof role === "string" && Array.isArray(parts);
  if (!isMessage || Object.keys(more).length > 0) return null;
  return saidIn(parts.filter((part) => !isObject(part) || part["type"] !== "step-start"));
}

/** Of `{role, content}`, also with `type: "message"`. */
function openAiText(item: Fields): string | null {
  const { type = "message", role, content, id: _, status: __, providerData: ___, ...more } = item;
  const isMessage = type === "message" && typeof role === "string" && Object.keys(more).length === 0;
  return isMessage ? saidIn(content) : null;
}

/** Of `{type, message: {role, content}}`, with much about where and when it was said. */
function claudeText({ type, message, toolUseResult }: Fields): string | null {
  const isMessage = (type === "user" || type === "assistant") && isObject(message);
  return isMessage && toolUseResult === undefined ? saidIn(message["content"]) : null;
}

/** Of `{lc: 1, id: [..., "messages", ...], kwargs}`, and of the `{type, data}` of chat histories. */
function langChainFields(content: Fields): Fields | undefined {
  const { lc, type, id, kwargs, data } = content;
  if (lc === 1 && type === "constructor" && Array.isArray(id) && id[1] === "messages") {
    return isObject(kwargs) ? kwargs : undefined;
  }
  const isStored = typeof type === "string" && isObject(data) && Object.keys(content).length === 2;
  return isStored ? data : undefined;
}

const TEXT_BLOCKS: readonly unknown[] = ["text", "input_text", "output_text"];

/** A text, or blocks that are all text. */
function saidIn(content: unknown): string | null {
  if (typeof content === "string") return content;
  if (!Array.isArray(content) || content.length === 0) return null;
  const texts = content.map((block) =>
    isObject(block) && TEXT_BLOCKS.includes(block["type"]) && typeof block["text"] === "string"
      ? block["text"]
      : null,
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
