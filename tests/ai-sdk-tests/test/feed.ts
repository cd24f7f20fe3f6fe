/** A source that the test feeds. */
export class Feed {
  readonly stream: ReadableStream<string>;
  #controller!: ReadableStreamDefaultController<string>;

  constructor() {
    this.stream = new ReadableStream<string>({
      start: (controller) => {
        this.#controller = controller;
      },
    });
  }

  give(...chunks: readonly string[]): this {
    for (const chunk of chunks) this.#controller.enqueue(chunk);
    return this;
  }

  end(): this {
    this.#controller.close();
    return this;
  }

  /** After what was given has been read. */
  fail(error: Error): this {
    // `controller.error` would discard what is queued.
    setTimeout(() => this.#controller.error(error), 5);
    return this;
  }
}

/** Up to the end. */
export async function readAll(stream: ReadableStream<string> | null | undefined): Promise<string> {
  let text = "";
  for await (const chunk of stream as unknown as AsyncIterable<string>) text += chunk;
  return text;
}

/** So many characters at least, of a stream that goes on. */
export async function readSome(stream: ReadableStream<string> | null, length: number): Promise<string> {
  const reader = stream?.getReader();
  let text = "";
  while (text.length < length) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done) break;
    text += value;
  }
  reader?.releaseLock();
  return text;
}
