import type { JsonValue, SessionStatus, Timestamp } from "@thulp-sessions/core";
import type { SessionLink, TranscriptFacts } from "../model/agent-reader.ts";
import { idOf, textOf } from "../model/fields.ts";

const MAX_VERSIONS = 32;
const MAX_PATH_LENGTH = 4096;

/** What all readers collect of a session while they read its records. */
export class FactCollector {
  status: SessionStatus = "completed";
  createdAt: Timestamp | undefined;
  parent: SessionLink | undefined;
  fork: SessionLink | undefined;
  #cwd: string | undefined;
  #gitBranch: string | undefined;
  #gitRemote: string | undefined;
  readonly #versions: string[] = [];

  /** The folder in which the session was begun. */
  cwd(value: JsonValue | undefined): void {
    this.#cwd ??= shortText(value);
  }

  /** The last one counts. */
  gitBranch(value: JsonValue | undefined): void {
    this.#gitBranch = shortText(value) ?? this.#gitBranch;
  }

  gitRemote(value: JsonValue | undefined): void {
    this.#gitRemote = shortText(value) ?? this.#gitRemote;
  }

  version(value: JsonValue | undefined): void {
    const version = idOf(value);
    if (version === undefined || this.#versions.length >= MAX_VERSIONS) return;
    if (!this.#versions.includes(version)) this.#versions.push(version);
  }

  facts(name: string | null): TranscriptFacts {
    const { status, createdAt, parent, fork } = this;
    return {
      name,
      status,
      createdAt,
      parent,
      fork,
      cwd: this.#cwd,
      gitBranch: this.#gitBranch,
      gitRemote: this.#gitRemote,
      versions: [...this.#versions],
    };
  }
}

function shortText(value: JsonValue | undefined): string | undefined {
  const text = textOf(value);
  return text === undefined || text === "" || text.length > MAX_PATH_LENGTH ? undefined : text;
}
