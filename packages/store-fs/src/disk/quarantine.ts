import { SessionError } from "@thulp-sessions/core";
import { isErrno } from "./io-error.ts";
import { type Durability, writeNewFile } from "./write-file.ts";

/** Writes bytes that a session loses to a file of their own, named by the time, and gives its name. */
export async function keepAside(prefix: string, bytes: Buffer, durability: Durability): Promise<string> {
  for (let time = Date.now(); ; time++) {
    try {
      await writeNewFile(prefix + time, bytes, 0o600, durability);
      return prefix + time;
    } catch (error) {
      if (!(error instanceof SessionError) || !isErrno(error.cause, "EEXIST")) throw error;
    }
  }
}
