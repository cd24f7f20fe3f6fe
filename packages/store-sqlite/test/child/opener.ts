import { writeSync } from "node:fs";
import { isSessionError } from "@thulp-sessions/core";
import { openSqliteStore } from "../../src/index.ts";
import { entry } from "../session-data.ts";

// Opens a file, reads a session and appends to it, as the user of this process; prints the outcome of each.
const [file = "", id = ""] = process.argv.slice(2);

async function tell<T>(name: string, call: () => Promise<T>): Promise<T | undefined> {
  try {
    const result = await call();
    writeSync(1, `${name}: done\n`);
    return result;
  } catch (error) {
    if (!isSessionError(error)) throw error;
    writeSync(1, `${name}: ${error.code} ${error.message.replaceAll("\n", " ")}\n`);
    return undefined;
  }
}

const store = await tell("open", () => openSqliteStore({ file }));
if (store) {
  await tell("read", () => store.get(id));
  await tell("append", () => store.append(id, [entry("more")], { at: 1 }));
  await tell("close", () => store.close());
}
