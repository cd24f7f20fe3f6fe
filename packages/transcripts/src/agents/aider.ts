import type { EntryType, JsonObject } from "@thulp-sessions/core";
import type { LineKind, TextFormat } from "../lines/text-format.ts";
import type {
  AgentReader,
  AgentRoot,
  Classified,
  MachinePlace,
  Recognized,
  RecordParser,
  TranscriptFacts,
} from "../model/agent-reader.ts";
import { promptTitle, textOf } from "../model/fields.ts";
import { FactCollector } from "./fact-collector.ts";
import { agentEvent } from "./tool-calls.ts";

const AGENT = "aider";

/**
 * What Aider writes into the folder of a project: its chats, what was typed, and, where somebody has told it
 * to, what went to the model and came back. Experimental: these files are for people, and their marks may
 * stand in any answer. They have neither ids nor, but for a beginning, times.
 */
export const aider: AgentReader = {
  agent: AGENT,
  title: "Aider",
  roots,
  // It has no folder of its own: its files lie beside others.
  folders: [],
  rootFiles: true,
  recognize,
  textFormat: (path) => {
    const file = fileOf(path);
    return file && FORMATS[file];
  },
  identify: (named) => named,
  parser: () => new AiderParser(),
};

/** The files of Aider, by what is in them. */
type AiderFile = "chat" | "input" | "llm";

const NAMES: readonly (readonly [AiderFile, RegExp])[] = [
  ["chat", /(?:^|[-._])aider[-._]chat[-._]history\.md$/i],
  ["input", /(?:^|[-._])aider[-._]input[-._]history$/i],
  ["llm", /(?:^|[-._])aider[-._]llm[-._]history(?:\.(?:md|txt|log))?$/i],
];

/** One file, or what an export has made of it: a folder of this name, with a file for each session. */
function fileOf(path: string): AiderFile | null {
  for (const part of path.split("/").slice(-3))
    for (const [file, name] of NAMES) if (name.test(part)) return file;
  return null;
}

function recognize(path: string): Recognized | null {
  const [folder, name] = path.split("/").slice(-2);
  const isOne = fileOf(name ?? folder ?? "") !== null;
  const isPart = name?.endsWith(".md") && fileOf(folder ?? "") !== null;
  // Which sessions are in it, it says itself.
  return isOne || isPart ? { type: "transcript", nativeId: path } : null;
}

/** It writes into the root of the project it is started in: only where somebody works can be looked. */
function roots({ home, env, cwd }: MachinePlace): readonly AgentRoot[] {
  const own = textOf(env["AIDER_CHAT_HISTORY_FILE"]);
  const folders = [...(cwd === undefined ? [] : foldersAbove(cwd)), home];
  if (own !== undefined && /^(?:[/\\]|[A-Za-z]:)/.test(own)) folders.push(own.replace(/[/\\][^/\\]*$/, ""));
  return [...new Set(folders)].map((path) => ({ path: path === "" ? "/" : path, folders: [] }));
}

function foldersAbove(cwd: string): readonly string[] {
  const folders = [cwd];
  for (let at = cwd; /[/\\]/.test(at); ) {
    at = at.replace(/[/\\]+[^/\\]*$/, "");
    if (at !== "" && !/^[A-Za-z]:$/.test(at)) folders.push(at);
  }
  return folders;
}

const CHAT = /^# aider chat started at (.*?)\s*$/;
const COST = /^Cost: \$[\d.]+ message, \$[\d.]+ session\.\s*$/;
const TYPED = /^# (\d{4}-\d\d-\d\d [\d:.]+)\s*$/;
const SENT = /^(TO LLM|LLM RESPONSE) (\d{4}-\d\d-\d\dT[\d:.]+)\s*$/;

const FORMATS: Readonly<Record<AiderFile, TextFormat>> = {
  chat: {
    // As a file of an export it comes before the others, which begin with digits.
    before: "(before the first chat)",
    begins: (line) => {
      const [, time] = CHAT.exec(line) ?? [];
      return time === undefined ? null : { nativeId: time, time: localTime(time) };
    },
    lineKind: chatLine,
  },
  input: {
    before: "what was typed",
    isOne: true,
    begins: (line) => {
      const [, time] = TYPED.exec(line) ?? [];
      return time === undefined ? null : { nativeId: `typed since ${time}`, time: localTime(time) };
    },
    lineKind: (line) => ({
      kind: "input",
      joins: "lines",
      ...(TYPED.test(line) && { starts: true as const }),
    }),
  },
  llm: {
    before: "what went to the model",
    isOne: true,
    begins: (line) => {
      const [, , time] = SENT.exec(line) ?? [];
      return time === undefined ? null : { nativeId: `sent since ${time}`, time: localTime(time) };
    },
    lineKind: (line, open) => {
      const [, way] = SENT.exec(line) ?? [];
      if (way === undefined) return { kind: open ?? "llm", joins: "paragraphs" };
      return { kind: way === "TO LLM" ? "to-llm" : "llm-response", joins: "paragraphs", starts: true };
    },
  },
};

/** As Aider reads it itself: by how a line begins, whatever stands around it. */
function chatLine(line: string): LineKind {
  if (CHAT.test(line)) return { kind: "chat", joins: "none" };
  if (/^####(?: |$)/.test(line)) return { kind: "user", joins: "lines" };
  // What it has to say of tokens and costs it may write over two lines.
  if (/^>(?: |$)/.test(line) || COST.test(line)) return { kind: "output", joins: "none" };
  return { kind: "assistant", joins: "paragraphs" };
}

/** Its times are those of the clock on the wall; that of this machine is taken for it. */
function localTime(text: string): number | undefined {
  const [, year, month, day, hour, minute, second, part = ""] =
    /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d+))?$/.exec(text) ?? [];
  if (year === undefined) return undefined;
  const ms = Number(part.slice(0, 3).padEnd(3, "0"));
  const time = new Date(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    ms,
  ).getTime();
  return Number.isSafeInteger(time) && time >= 0 ? time : undefined;
}

const TYPES: Readonly<Record<string, EntryType>> = {
  user: { type: "user_message" },
  assistant: { type: "assistant_message" },
};
/** Of what stands in a file that is no chat. */
const TITLES: Readonly<Record<string, string>> = {
  input: "What was typed in Aider",
  "to-llm": "What Aider sent to the model",
  "llm-response": "What Aider sent to the model",
};

class AiderParser implements RecordParser {
  readonly #facts = new FactCollector();
  #prompt: string | null = null;
  #command: string | null = null;
  #title: string | null = null;

  /** A file that is called as Aider calls it lies in the root of its project. */
  about({ path }: JsonObject): void {
    const [, folder] = /^(.*)[/\\]\.aider\.[^/\\]+$/.exec(textOf(path) ?? "") ?? [];
    if (folder !== undefined) this.#facts.cwd(folder || "/");
  }

  classify(record: JsonObject): Classified {
    const block = textOf(record["block"]) ?? "unknown";
    const text = textOf(record["text"]) ?? "";
    if (block === "user") this.#typed(text);
    if (block === "output") this.#facts.version(/^\s*> Aider v(\S+)/.exec(text)?.[1]);
    this.#title ??= TITLES[block] ?? null;
    return {
      entryType: (Object.hasOwn(TYPES, block) ? TYPES[block] : undefined) ?? agentEvent(AGENT, block),
      time: timeIn(text, block),
      kind: block,
      known: true,
    };
  }

  #typed(text: string): void {
    const typed = promptTitle(text.replaceAll(/^#### ?/gm, ""));
    if (typed?.startsWith("/")) this.#command ??= typed;
    else this.#prompt ??= typed;
  }

  facts(): TranscriptFacts {
    return this.#facts.facts(this.#prompt ?? this.#title ?? this.#command);
  }
}

/** Only the first line of some blocks says when it was written. */
function timeIn(text: string, block: string): number | undefined {
  if (block === "user" || block === "assistant" || block === "output") return undefined;
  const line =
    text
      .replace(/^\ufeff/, "")
      .trimStart()
      .split("\n", 1)[0] ?? "";
  const time = CHAT.exec(line)?.[1] ?? TYPED.exec(line)?.[1] ?? SENT.exec(line)?.[2];
  return time === undefined ? undefined : localTime(time);
}
