import { isAscii } from "node:buffer";
import { StringDecoder } from "node:string_decoder";
import type { Steps } from "@thulp-sessions/core/store";

/** So many bytes take some milliseconds. */
const STEP_BYTES = 512 * 1024;

/** The text of bytes in UTF-8, in pieces; better-sqlite3 makes a text in one go. */
export function* decodeTextSteps(bytes: Buffer): Steps<string> {
  if (isAscii(bytes)) return bytes.toString("latin1");
  const decoder = new StringDecoder("utf8");
  let text = "";
  for (let at = 0; at < bytes.length; at += STEP_BYTES) {
    text += decoder.write(bytes.subarray(at, at + STEP_BYTES));
    yield;
  }
  return text + decoder.end();
}
