/**
 * A stream that is fed from outside and never holds up who feeds it. Its reader gets everything that was
 * pushed before the end, then the end: an error discards nothing, as `controller.error` would.
 */
export class ReaderQueue {
  readonly stream: ReadableStream<string>;
  #chunks: string[] = [];
  #ended = false;
  #failed: { readonly error: unknown } | undefined;
  #isLeft = false;
  #wake: () => void = () => {};

  constructor() {
    this.stream = new ReadableStream<string>(
      {
        pull: (controller) => this.#pull(controller),
        cancel: () => {
          this.#isLeft = true;
          this.#chunks = [];
          this.#wake();
        },
      },
      { highWaterMark: 0 },
    );
  }

  push(chunk: string): void {
    if (this.#isLeft) return;
    this.#chunks.push(chunk);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  fail(error: unknown): void {
    this.#failed = { error };
    this.end();
  }

  async #pull(controller: ReadableStreamDefaultController<string>): Promise<void> {
    while (this.#chunks.length === 0 && !this.#ended && !this.#isLeft)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    if (this.#isLeft) return;
    const chunks = this.#chunks;
    this.#chunks = [];
    for (const chunk of chunks) controller.enqueue(chunk);
    if (chunks.length > 0) return;
    if (this.#failed) controller.error(this.#failed.error);
    else controller.close();
  }
}
