/** Where a setting was given, for messages: `{ kind: "env", name: "THULP_SESSIONS_PORT" }`. */
export interface Source {
  /** `found`: nobody gave it; it lies where it is looked for, and `name` says where. */
  readonly kind: "flag" | "env" | "file" | "default" | "found";
  /** `--port`, `THULP_SESSIONS_PORT`, `/home/me/thulp-sessions.config.json`, or `the default`. */
  readonly name: string;
}

/** Something a person or a file has said, not yet checked. */
export interface Given {
  readonly value: unknown;
  readonly source: Source;
}
