import { expect, test } from "vitest";
import { benches } from "../src/benches.ts";
import { judge } from "../src/harness/targets.ts";
import { sections } from "../src/report/page-sections.ts";

test("every bench is on the page, and every target names a bench that there is", () => {
  const names = Object.keys(benches).sort();
  expect(sections.flatMap((section) => section.benches).sort()).toEqual(names);
  for (const { target } of judge([])) expect(names).toContain(target.bench);
});
