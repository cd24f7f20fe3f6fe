import { Agent, request } from "node:http";
import { join } from "node:path";
import { quantiles, reportTarget, resultOf, spreadOf, withFolder } from "../harness/compare.ts";
import { entry } from "../harness/data.ts";
import { recordFigure, recordTable } from "../harness/recording.ts";
import { ServerProcess } from "./server-process.ts";

const SUBSCRIBERS = 100;
const APPENDS_PER_SECOND = 200;

/**
 * From the acknowledgement of an append to its arrival at a hundred subscribers, against a bare broadcast of
 * the same bytes.
 */
export async function httpFanout(quick: boolean): Promise<void> {
  const rounds = quick ? 1 : 7;
  const seconds = quick ? 1 : 3;
  await withFolder(async (folder) => {
    const store = `sqlite:${join(folder, "sessions.db")}`;
    const bare = await Crowd.open(await ServerProcess.start({ kind: "broadcast" }));
    const api = await Crowd.open(await ServerProcess.start({ kind: "api", store, durability: "relaxed" }));
    const crowds = [
      { name: "bare broadcast", crowd: bare },
      { name: "entries.subscribe, sqlite", crowd: api },
    ];
    const windows = crowds.map(() => ({
      acked: [] as number[],
      sent: [] as number[],
      ack: [] as number[],
      cpu: [] as number[],
    }));
    for (let round = 0; round <= rounds; round++) {
      for (const [i, { crowd }] of crowds.entries()) {
        const before = await crowd.server.cpuUs();
        const { fromAck, fromSending, toAck } = await crowd.latencies(seconds);
        const cpu = ((await crowd.server.cpuUs()) - before) / (seconds * APPENDS_PER_SECOND);
        if (round === 0) continue;
        windows[i]?.acked.push(quantiles(fromAck)(0.99));
        windows[i]?.sent.push(quantiles(fromSending)(0.99));
        windows[i]?.ack.push(quantiles(toAck)(0.99));
        windows[i]?.cpu.push(cpu);
      }
    }
    console.log(
      `\n${SUBSCRIBERS} subscribers of one session, ${APPENDS_PER_SECOND} appends a second; p99 in ms, medians of ${rounds} windows of ${seconds} s`,
    );
    const [base] = windows;
    for (const [i, { name }] of crowds.entries()) {
      const { acked = [], sent = [], ack = [], cpu = [] } = windows[i] ?? {};
      const median = (values: readonly number[]) => quantiles(values)(0.5);
      const cell = (values: readonly number[], bare: readonly number[] = []) =>
        `${median(values).toFixed(2).padStart(7)} (${(median(values) / median(bare)).toFixed(2)} x)`;
      console.log(
        `  ${name.padEnd(28)}acknowledgement to arrival ${cell(acked, base?.acked)}  sending to arrival ${cell(sent, base?.sent)}  sending to acknowledgement ${cell(ack, base?.ack)}  processor ${(median(cpu) / 1000).toFixed(2)} ms an append`,
      );
    }
    recordTable({
      title: `${SUBSCRIBERS} subscribers of one session, ${APPENDS_PER_SECOND} appends a second: p99`,
      columns: [
        { label: "acknowledgement to arrival", unit: "ms" },
        { label: "sending to arrival", unit: "ms" },
        { label: "sending to acknowledgement", unit: "ms" },
        { label: "processor, an append", unit: "ms" },
      ],
      rows: crowds.map(({ name }, i) => {
        const { acked = [], sent = [], ack = [], cpu = [] } = windows[i] ?? {};
        const cpuMs = cpu.map((us) => us / 1000);
        return { name, cells: [acked, sent, ack, cpuMs].map((values) => spreadOf(values)) };
      }),
    });
    reportTarget(
      "p99 from acknowledgement to arrival against a bare broadcast",
      resultOf("ours", windows[1]?.acked ?? []),
      resultOf("bare", windows[0]?.acked ?? []),
    );
    await memory(api, quick);
    for (const { crowd } of crowds) await crowd.close();
  });
}

/** What the server holds after many events, against after a tenth of them. */
async function memory(crowd: Crowd, quick: boolean): Promise<void> {
  const few = quick ? 1_000 : 100_000;
  await crowd.events(few);
  const after = await crowd.server.memory();
  await crowd.events(9 * few);
  const afterAll = await crowd.server.memory();
  const mb = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
  recordTable({
    title: "memory of the server after many events",
    columns: [`after ${few} events`, `after ${10 * few}`].map((label) => ({ label, unit: "MB" as const })),
    rows: [{ name: "entries.subscribe, sqlite", cells: [after / 2 ** 20, afterAll / 2 ** 20] }],
  });
  console.log(
    `  memory after ${few} events ${mb(after)}, after ${10 * few} ${mb(afterAll)}: ${(afterAll / after).toFixed(2)} x`,
  );
  recordFigure({ what: "memory after ten times the events", value: afterAll / after });
}

/** All subscribers of one session, and the one who writes it. */
class Crowd {
  readonly server: ServerProcess;
  readonly #id: string;
  readonly #writing = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #ends: (() => void)[] = [];
  /** When each entry has arrived, for every subscriber. */
  #onArrival: (seq: number) => void = () => {};

  static async open(server: ServerProcess): Promise<Crowd> {
    const [id = ""] = ((await server.ask("sessions", 1)) ?? []) as string[];
    const crowd = new Crowd(server, id);
    await Promise.all(Array.from({ length: SUBSCRIBERS }, () => crowd.#subscribe()));
    return crowd;
  }

  private constructor(server: ServerProcess, id: string) {
    this.server = server;
    this.#id = id;
  }

  /** Milliseconds, of every append and subscriber; 0 where the event was there before the acknowledgement. */
  async latencies(seconds: number): Promise<{ fromAck: number[]; fromSending: number[]; toAck: number[] }> {
    const count = seconds * APPENDS_PER_SECOND;
    const acknowledged = new Map<number, { sent: number; acked: number }>();
    const arrivals = new Map<number, number[]>();
    let left = count * SUBSCRIBERS;
    const all = new Promise<void>((resolve) => {
      this.#onArrival = (seq) => {
        const times = arrivals.get(seq) ?? [];
        times.push(performance.now());
        arrivals.set(seq, times);
        if (--left === 0) resolve();
      };
    });
    const start = performance.now();
    const appends: Promise<void>[] = [];
    for (let n = 0; n < count; n++) {
      const wait = start + (n * 1000) / APPENDS_PER_SECOND - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      const sent = performance.now();
      appends.push(
        this.#append(1).then((seq) => void acknowledged.set(seq, { sent, acked: performance.now() })),
      );
    }
    await Promise.all([...appends, all]);
    const since = (start: "sent" | "acked") =>
      [...acknowledged].flatMap(([seq, times]) =>
        (arrivals.get(seq) ?? []).map((arrival) => Math.max(0, arrival - times[start])),
      );
    const toAck = [...acknowledged.values()].map(({ sent, acked }) => acked - sent);
    return { fromAck: since("acked"), fromSending: since("sent"), toAck };
  }

  /** Sends so many events, as fast as they are received. */
  async events(count: number): Promise<void> {
    const batch = 50;
    for (let sent = 0; sent < count; sent += batch * SUBSCRIBERS) {
      let left = batch * SUBSCRIBERS;
      const all = new Promise<void>((resolve) => {
        this.#onArrival = () => {
          if (--left === 0) resolve();
        };
      });
      await this.#append(batch);
      await all;
    }
  }

  async close(): Promise<void> {
    for (const end of this.#ends) end();
    this.#writing.destroy();
    await this.server.stop();
  }

  #subscribe(): Promise<void> {
    const input = encodeURIComponent(JSON.stringify({ id: this.#id }));
    return new Promise((resolve, reject) => {
      const outgoing = request(`${this.server.url}/trpc/entries.subscribe?input=${input}`, { agent: false });
      outgoing.on("error", reject);
      outgoing.on("response", (answer) => {
        answer.setEncoding("latin1");
        let rest = "";
        answer.on("data", (chunk: string) => {
          const text = rest + chunk;
          const end = text.lastIndexOf("\n") + 1;
          rest = text.slice(end);
          for (const [, seq] of text.slice(0, end).matchAll(/^id: (\d+)\./gm)) this.#onArrival(Number(seq));
          resolve();
        });
        answer.on("error", () => {});
        this.#ends.push(() => answer.destroy());
      });
      outgoing.end();
    });
  }

  /** The place of the last entry. */
  #append(count: number): Promise<number> {
    const entries = Array.from({ length: count }, (_, n) => entry(n));
    const body = JSON.stringify({ id: this.#id, entries });
    return new Promise((resolve, reject) => {
      const outgoing = request(`${this.server.url}/trpc/entries.append`, {
        method: "POST",
        agent: this.#writing,
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
      });
      outgoing.on("error", reject);
      outgoing.on("response", (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          text += chunk;
        });
        answer.on("end", () => {
          if (answer.statusCode !== 200) reject(new Error(text));
          else resolve(JSON.parse(text).result.data.entries.at(-1).seq);
        });
      });
      outgoing.end(body);
    });
  }
}
