import { expect, test } from "vitest";
import { Semaphore } from "../src/async/semaphore.ts";

test("as many as there are permits run at a time, the others in their order; a second release does nothing", async () => {
  const semaphore = new Semaphore(2);
  const inside: string[] = [];
  const acquire = async (name: string) => {
    const release = await semaphore.acquire();
    inside.push(name);
    return release;
  };
  const a = acquire("a");
  const b = acquire("b");
  const c = acquire("c");
  const d = acquire("d");
  const [releaseA, releaseB] = await Promise.all([a, b]);
  expect(inside).toEqual(["a", "b"]);
  releaseA();
  releaseA();
  await c;
  await Promise.resolve();
  expect(inside).toEqual(["a", "b", "c"]);
  releaseB();
  await d;
  expect(inside).toEqual(["a", "b", "c", "d"]);
});

test("work that fails releases its permit", async () => {
  const semaphore = new Semaphore(1);
  await expect(semaphore.run(() => Promise.reject(new Error("inside")))).rejects.toThrow("inside");
  expect(await semaphore.run(async () => "next")).toBe("next");
});
