import { writeSync } from "node:fs";
import { isSessionError, newUuid } from "@thulp-sessions/core";
import { openSqliteStore } from "../../src/index.ts";
import { entry, session } from "../session-data.ts";

// Opens a file, reads it, appends until that fails for the tenth time, reads again, and prints what came of
// it.
const [file = "", id = ""] = process.argv.slice(2);
const tell = (line: string) => writeSync(1, `${line}\n`);
const codeOf = (error: unknown): string => {
  if (!isSessionError(error)) throw error;
  return error.code;
};
const store = await openSqliteStore({ file, onWarning: ({ message }) => tell(`warning ${message}`) });
tell(`open ${await store.count()} ${(await store.readEntries(id, { last: 1 })).items.length}`);
let [done, failed] = [0, 0];
while (failed < 10 && done < 200) {
  const outcome = await store.append(id, [entry("x".repeat(200))], { at: 2000 }).then(() => "done", codeOf);
  if (outcome === "done") done++;
  else failed++;
  if (failed === 1) tell(`append ${outcome}`);
}
tell(`create ${await store.create(session({ id: newUuid() as never })).then(() => "done", codeOf)}`);
tell(`entries ${done} ${(await store.head(id)).entryCount}`);
await store.close();
tell("closed");
