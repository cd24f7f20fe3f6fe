import type { StoreWarning } from "@thulp-sessions/core";
import { Warnings } from "@thulp-sessions/core/store";
import { expect, test } from "vitest";

const WARNING: StoreWarning = { code: "corrupt", message: "damaged" };

test("each listener gets each warning until it stops listening", () => {
  const warnings = new Warnings();
  const heard: string[] = [];
  const stop = warnings.listen(() => heard.push("a"));
  warnings.listen(() => heard.push("b"));
  warnings.emit(WARNING);
  stop();
  stop();
  warnings.emit(WARNING);
  expect(heard).toEqual(["a", "b", "b"]);
});

// A listener that threw used to fail the call that warned, and kept the others from hearing.
test("what a listener throws reaches neither the store nor the other listeners, and is not swallowed", async () => {
  const warnings = new Warnings();
  const heard: StoreWarning[] = [];
  const mistake = new Error("a mistake in the listener");
  warnings.listen(() => {
    throw mistake;
  });
  warnings.listen((warning) => heard.push(warning));
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  try {
    const uncaught = new Promise((resolve) => process.once("uncaughtException", resolve));
    warnings.emit(WARNING);
    expect(heard).toEqual([WARNING]);
    expect(await uncaught).toBe(mistake);
  } finally {
    for (const listener of others) process.on("uncaughtException", listener);
  }
});

test("a listener may come or go while a warning is emitted", () => {
  const warnings = new Warnings();
  const heard: string[] = [];
  const stop = warnings.listen(() => {
    heard.push("a");
    stop();
    warnings.listen(() => heard.push("late"));
  });
  warnings.listen(() => heard.push("b"));
  warnings.emit(WARNING);
  expect(heard).toEqual(["a", "b"]);
});
