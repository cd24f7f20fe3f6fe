import { expect, test } from "vitest";
import { Rendezvous } from "../src/import/rendezvous.ts";

/** Comes to the rendezvous, and notes when it goes on. */
function comer(rendezvous: Rendezvous, wentOn: string[]) {
  return (name: string) => rendezvous.meet().then(() => void wentOn.push(name));
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("who comes goes on when all are there, and the next time again", async () => {
  const rendezvous = new Rendezvous();
  const wentOn: string[] = [];
  const come = comer(rendezvous, wentOn);
  for (let i = 0; i < 2; i++) rendezvous.enter();
  for (const round of ["1", "2"]) {
    void come(`a${round}`);
    await settled();
    expect(wentOn).not.toContain(`a${round}`);
    void come(`b${round}`);
    await settled();
  }
  expect(wentOn).toEqual(["a1", "b1", "a2", "b2"]);
});

test("nobody waits for one that has left, or for nobody", async () => {
  const rendezvous = new Rendezvous();
  const wentOn: string[] = [];
  const come = comer(rendezvous, wentOn);
  for (let i = 0; i < 2; i++) rendezvous.enter();
  void come("a");
  rendezvous.leave();
  await settled();
  expect(wentOn).toEqual(["a"]);
  void come("alone");
  await settled();
  expect(wentOn).toEqual(["a", "alone"]);
});
