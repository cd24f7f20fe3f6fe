import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspectFiles, repairSession } from "@thulp-sessions/config";
import { expect, it } from "vitest";
import { tempFolder } from "./temp-folder.ts";

const ID = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";

it("looks at the files of an fs: store, and repairs one of its sessions", async () => {
  const cwd = tempFolder();
  mkdirSync(join(cwd, "s"));
  const metadata = `{"id":"${ID}","name":"n","session_type":{"type":"conversation","purpose":"p"},"created_at":1,"updated_at":1,"status":"active","tags":[],"parent_session":null}`;
  writeFileSync(join(cwd, "s", `${ID}.json`), `{"metadata":${metadata},"context":{},"entries":[`);
  const [finding] = (await inspectFiles("fs:s", cwd)) ?? [];
  expect(finding).toMatchObject({ kind: "damaged", sessionId: ID });
  expect(await repairSession("fs:s", ID, { cwd })).toMatchObject({ id: ID, entryCount: 0 });
  expect(await repairSession("fs:s", ID, { cwd })).toBeNull();
  expect((await inspectFiles("fs:s", cwd))?.map(({ kind }) => kind)).toEqual(["kept_bytes"]);
});

it("says where it cannot help", async () => {
  const cwd = tempFolder();
  expect(await inspectFiles("sqlite:x.db", cwd)).toBeNull();
  await expect(repairSession("sqlite:x.db", ID, { cwd })).rejects.toMatchObject({ code: "unsupported" });
});
