import { usage } from "../terminal/exit.ts";

const [OPEN, CLOSE, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const [COMMA, QUOTE, BACKSLASH] = [0x2c, 0x22, 0x5c];

/** Gets the texts of the objects of a list, piece by piece. */
export interface ListSink {
  /** A part of the text of the object that is being read. */
  piece(text: string): Promise<void>;
  /** The object is complete. */
  end(): Promise<void>;
}

/**
 * Takes a JSON list of objects apart, however long it is, without parsing them: each goes on as the text that
 * it is.
 *
 * @param name of the input, for messages.
 * @throws {Failure} where it is no list of objects; what stands before has gone on by then.
 */
export async function splitList(pieces: AsyncIterable<string>, sink: ListSink, name: string): Promise<void> {
  const list = new ListSplitter(sink, name);
  for await (const piece of pieces) await list.add(piece);
  list.finish();
}

/** What may come next, beside white space. */
type Expected = "list" | "object or end" | "object" | "comma or end" | "nothing";

class ListSplitter {
  readonly #sink: ListSink;
  readonly #name: string;
  #expected: Expected = "list";
  /** How many brackets of the object are open. */
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #count = 0;

  constructor(sink: ListSink, name: string) {
    this.#sink = sink;
    this.#name = name;
  }

  async add(text: string): Promise<void> {
    for (let at = 0; at < text.length; ) {
      if (this.#depth === 0 && !this.#isObjectNext(text.charCodeAt(at))) {
        at++;
        continue;
      }
      const end = this.#endOfObject(text, at);
      await this.#sink.piece(text.slice(at, end));
      at = end;
      if (this.#depth > 0) continue;
      this.#count++;
      this.#expected = "comma or end";
      await this.#sink.end();
    }
  }

  /** @throws {Failure} where the list is not at its end. */
  finish(): void {
    if (this.#expected !== "nothing") throw this.#wrong("it ends in the midst of the list");
  }

  /** Takes what stands outside of the objects. */
  #isObjectNext(code: number): boolean {
    const expected = this.#expected;
    if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) return false;
    if (code === OPEN && expected === "list") this.#expected = "object or end";
    else if (code === CLOSE && (expected === "object or end" || expected === "comma or end"))
      this.#expected = "nothing";
    else if (code === COMMA && expected === "comma or end") this.#expected = "object";
    else if (code === OPEN_OBJECT && expected.startsWith("object")) return true;
    else throw this.#wrong(`expected ${expected === "nothing" ? "the end" : `${expected} of the list`}`);
    return false;
  }

  /** Behind the object that is being read, or the end of the text. */
  #endOfObject(text: string, start: number): number {
    for (let at = start; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (code === BACKSLASH) this.#isEscaped = true;
        else if (code === QUOTE) this.#isInString = false;
      } else if (code === QUOTE) this.#isInString = true;
      else if (code === OPEN_OBJECT || code === OPEN) this.#depth++;
      else if ((code === CLOSE_OBJECT || code === CLOSE) && --this.#depth === 0) return at + 1;
    }
    return text.length;
  }

  #wrong(reason: string): Error {
    return usage(`${this.#name}, session ${this.#count}: this is no JSON list of sessions: ${reason}.`);
  }
}
