import { ReaderQueue } from "./reader-queue.ts";
import type { StreamLog } from "./stream-log.ts";

/**
 * Reads the source to its end, whether or not anybody reads the stream that is returned, and writes it into
 * the log.
 *
 * @returns `stream`: each chunk as soon as it comes; it ends once the end is stored, with the error of the
 *   source or of the store. `stored`: rejects with the error of the store.
 * @throws what `makeStream` throws, after the end was stored.
 */
export async function produceStream(
  log: StreamLog,
  makeStream: () => ReadableStream<string>,
): Promise<{ readonly stream: ReadableStream<string>; readonly stored: Promise<void> }> {
  let source: ReadableStreamDefaultReader<string>;
  try {
    source = makeStream().getReader();
  } catch (error) {
    await log.end(asError(error));
    throw error;
  }
  const own = new ReaderQueue();
  const stored = readAll(source, log, own);
  // Also where nobody waits for it.
  stored.catch(() => {});
  return { stream: own.stream, stored };
}

async function readAll(
  source: ReadableStreamDefaultReader<string>,
  log: StreamLog,
  own: ReaderQueue,
): Promise<void> {
  let failed: { readonly error: unknown } | undefined;
  try {
    for (;;) {
      const { done, value } = await source.read();
      if (done) break;
      if (typeof value !== "string") throw notText();
      own.push(value);
      await log.add(value);
    }
  } catch (error) {
    failed = { error };
    source.cancel(error).catch(() => {});
  }
  await log.end(failed && asError(failed.error));
  const failure = failed ?? log.failed;
  if (failure) own.fail(failure.error);
  else own.end();
  if (log.failed) throw log.failed.error;
}

function notText(): TypeError {
  return new TypeError(
    "The stream gives something else than strings: pipe it through a TextDecoderStream, or through a JsonToSseTransformStream of the AI SDK.",
  );
}

function asError(error: unknown): { readonly message: string } {
  return error instanceof Error ? error : { message: String(error) };
}
