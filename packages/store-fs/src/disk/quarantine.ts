import { SessionError } from "@thulp-sessions/core";
import type { Durability } from "@thulp-sessions/core/store";
import { readRange, SequentialWriter } from "./copy-range.ts";
import { type FileStamp, sameStamp } from "./file-stamp.ts";
import { changedMeanwhile, isErrno } from "./io-error.ts";
import { writeNewFile } from "./write-file.ts";

/**
 * Copies bytes that a session file is going to lose to a file of their own beside it, named by the time.
 *
 * @param ending what the name of the file ends with before the time, e.g. `.torn-`.
 * @returns the name of the new file.
 * @throws {SessionError} io; busy when the session file is no longer the one of the stamp.
 */
export async function quarantine(
  path: string,
  ending: string,
  range: { readonly start: number; readonly end: number },
  stamp: FileStamp,
  durability: Durability,
): Promise<string> {
  for (let time = Date.now(); ; time++) {
    const kept = `${path}${ending}${time}`;
    try {
      const fill = async (descriptor: number) => {
        const writer = new SequentialWriter(kept, descriptor);
        const isSame = (file: { info: FileStamp }) => sameStamp(file.info, stamp);
        const whole = await readRange(path, range, isSame, (bytes) => writer.write(bytes));
        if (!whole) throw changedMeanwhile(path);
      };
      await writeNewFile(kept, fill, 0o600, durability);
      return kept;
    } catch (error) {
      if (!(error instanceof SessionError) || !isErrno(error.cause, "EEXIST")) throw error;
    }
  }
}
