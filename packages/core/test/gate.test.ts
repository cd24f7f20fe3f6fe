import { expect, test } from "vitest";
import { Gate } from "../src/async/semaphore.ts";

test("so many are in at a time, the others in their order; who leaves twice lets in one", async () => {
  const gate = new Gate(2);
  const inside: string[] = [];
  const enter = async (name: string) => {
    const leave = await gate.enter();
    inside.push(name);
    return leave;
  };
  const a = enter("a");
  const b = enter("b");
  const c = enter("c");
  const d = enter("d");
  const [leaveA, leaveB] = await Promise.all([a, b]);
  expect(inside).toEqual(["a", "b"]);
  leaveA();
  leaveA();
  await c;
  await Promise.resolve();
  expect(inside).toEqual(["a", "b", "c"]);
  leaveB();
  await d;
  expect(inside).toEqual(["a", "b", "c", "d"]);
});

test("what fails inside lets the next one in", async () => {
  const gate = new Gate(1);
  await expect(gate.run(() => Promise.reject(new Error("inside")))).rejects.toThrow("inside");
  expect(await gate.run(async () => "next")).toBe("next");
});
