import { expect, test } from "vitest";
import { clock } from "../src/parts/time.ts";

const DAY = { year: "numeric", month: "short", day: "numeric" } as const;
const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;

test("a time reads as the browser's own format has it, in the zone that is chosen", () => {
  const before = process.env["TZ"];
  try {
    for (const zone of ["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]) {
      process.env["TZ"] = zone;
      for (let month = 0; month < 24; month++) {
        const time = Date.UTC(2025, month, 1 + month, month, 59 - month, 7 + month, 999);
        const local = (options: object) => new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
        const utc = (options: object) => new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
        expect(clock(time, "local", true)).toBe(local({ ...DAY, ...TIME }).format(time));
        expect(clock(time, "local", false)).toBe(local(TIME).format(time));
        expect(clock(time, "utc", true)).toBe(`${utc({ ...DAY, ...TIME }).format(time)} UTC`);
        expect(clock(time, "utc", false)).toBe(utc(TIME).format(time));
      }
    }
  } finally {
    if (before === undefined) delete process.env["TZ"];
    else process.env["TZ"] = before;
  }
});

test("what no date can be is shown as the number that is stored", () => {
  for (const time of [Number.NaN, 8.7e15, Number.NEGATIVE_INFINITY]) {
    expect(clock(time, "utc", true)).toBe(String(time));
    expect(clock(time, "local", false)).toBe(String(time));
  }
});
