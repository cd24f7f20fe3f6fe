import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { SessionError } from "@thulp-sessions/core";
import { invalidInput } from "@thulp-sessions/core/store";
import type { Given } from "./source.ts";
import { decodeUtf8 } from "./utf8.ts";

/** The token that `--token` or `--token-file` gives, if one of them does. */
export function tokenFlag(
  { token, tokenFile }: { token?: string | undefined; tokenFile?: string | undefined },
  base: string,
): Given | null {
  if (token !== undefined && tokenFile !== undefined) {
    throw invalidInput("--token and --token-file: give one of them.", { field: "--token-file" });
  }
  if (token !== undefined) return { value: token, source: { kind: "flag", name: "--token" } };
  if (tokenFile === undefined) return null;
  if (tokenFile.trim() === "") {
    throw invalidInput("--token-file: it is empty: expected the path of a file.", { field: "--token-file" });
  }
  const path = resolve(base, tokenFile);
  try {
    // An editor ends the line; the token does not.
    const value = decodeUtf8(readFileSync(path)).replace(/\r?\n$/, "");
    return { value, source: { kind: "flag", name: `--token-file ${path}` } };
  } catch (error) {
    throw new SessionError("io", `--token-file: ${path} cannot be read: ${(error as Error).message}.`, {
      cause: error,
      details: { path },
    });
  }
}
