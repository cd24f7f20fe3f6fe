import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  type Program,
  type ServerProgram,
  startProgram,
  startServerProgram,
  tempFolder,
} from "@thulp-sessions/testing";
import { expect } from "vitest";
import { checkout } from "./checkout.ts";
import type { Block } from "./document.ts";

/**
 * Where the documents say the server is. Here it gets a port that is free, and their words are changed to
 * fit.
 */
export const DOCUMENTED_URL = "http://127.0.0.1:4664";

/**
 * What a person does who follows a document block by block, at the root of the repository and with an empty
 * home.
 */
export class Reader {
  readonly folder: string = checkout();
  readonly home: string = tempFolder();
  #server: ServerProgram | undefined;
  #running: Program | undefined;
  /** What each command that ended has said. */
  readonly told: string[] = [];

  async follow(blocks: readonly Block[]): Promise<void> {
    for (const [index, block] of blocks.entries()) {
      if (block.language === "ts") this.#save(block, blocks[index + 1]);
      else if (block.language === "sh") {
        const shown = blocks[index + 1]?.language === "text" ? blocks[index + 1]?.code : undefined;
        for (const line of block.code.trim().split("\n")) await this.#type(line, shown);
      } else if (block.language !== "text") throw new Error(`${block.place}: who reads that?`);
    }
  }

  /** Ctrl-C in the terminal of the server. */
  async stopServer(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.kill("SIGINT");
    if (server) expect(await server.ended).toMatchObject({ code: 0, signal: null });
  }

  /** A program is saved under the name with which the next block runs it. */
  #save(block: Block, next: Block | undefined): void {
    const [, file] = /^node (\S+)$/m.exec(next?.language === "sh" ? next.code : "") ?? [];
    if (file === undefined) throw new Error(`${block.place}: no command runs this program.`);
    expect(existsSync(join(this.folder, file))).toBe(false);
    writeFileSync(join(this.folder, file), this.#here(block.code));
  }

  async #type(line: string, shown: string | undefined): Promise<void> {
    const [, flags] = /^npm start(?: -- (.*))?$/.exec(line) ?? [];
    if (line.startsWith("npm start")) {
      await this.stopServer();
      const args = flags?.split(" ") ?? [];
      this.#server = await startServerProgram(args, { cwd: this.folder, env: { HOME: this.home } });
      return;
    }
    // The tests run on what is built.
    if (line === "npm run build") return;
    this.#running = startProgram("sh", ["-c", `exec ${this.#here(line)}`], {
      cwd: this.folder,
      env: { HOME: this.home, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` },
    });
    if (shown !== undefined) {
      await this.#running.says(shown);
      // Some follow what comes until Ctrl-C.
      this.#running.kill("SIGINT");
    }
    const { code, signal, output } = await this.#running.ended;
    if (shown !== undefined) expect(output).toBe(shown);
    if (shown === undefined || signal !== "SIGINT") expect({ line, code, output }).toMatchObject({ code: 0 });
    this.told.push(output);
  }

  #here(text: string): string {
    return this.#server ? text.replaceAll(DOCUMENTED_URL, this.#server.url) : text;
  }
}
