import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { maintenanceOf, openStore } from "@thulp-sessions/config";
import { expect, it } from "vitest";
import { tempFolder } from "./temp-folder.ts";

const ID = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";

it("looks at the files of an fs: store, and repairs one of its sessions", async () => {
  const cwd = tempFolder();
  mkdirSync(join(cwd, "s"));
  const metadata = `{"id":"${ID}","name":"n","session_type":{"type":"conversation","purpose":"p"},"created_at":1,"updated_at":1,"status":"active","tags":[],"parent_session":null}`;
  writeFileSync(join(cwd, "s", `${ID}.json`), `{"metadata":${metadata},"context":{},"entries":[`);
  const maintenance = await maintenanceOf("fs:s", cwd);
  if (maintenance?.unit !== "session") throw new Error("its sessions are files");
  expect(maintenance).toMatchObject({ kind: "fs", place: join(cwd, "s") });
  expect(await maintenance.check()).toMatchObject([{ kind: "damaged", sessionId: ID }]);
  expect(await maintenance.repair(ID)).toMatchObject({ id: ID, entryCount: 0 });
  expect(await maintenance.repair(ID)).toBeNull();
  expect((await maintenance.check()).map(({ kind }) => kind)).toEqual(["kept_bytes"]);
});

it("checks, backs up, recovers and shortens a sqlite: store", async () => {
  const cwd = tempFolder();
  await (await openStore("sqlite:a.db", { cwd })).close();
  const maintenance = await maintenanceOf("sqlite:a.db", cwd);
  if (maintenance?.unit !== "store") throw new Error("it is one file");
  expect(await maintenance.check()).toEqual([]);
  const [copy, recovered] = [join(cwd, "b", "copy.db"), join(cwd, "r", "new.db")];
  expect(await maintenance.backup(copy)).toMatchObject({ sessions: 0, findings: [] });
  expect(await maintenance.recover(recovered)).toEqual({ sessions: 0, entries: 0, problems: [] });
  for (const file of [copy, recovered]) {
    await expect(maintenance.backup(file)).rejects.toMatchObject({ code: "invalid_input" });
    expect(await (await maintenanceOf(`sqlite:${file}`, cwd))?.check()).toEqual([]);
  }
  expect(await maintenance.vacuum()).toEqual({ bytesFreed: expect.any(Number), left: [] });
});

it("finds the damage of a database that cannot be opened for it", async () => {
  const cwd = tempFolder();
  await (await openStore("sqlite:a.db", { cwd })).close();
  const bytes = readFileSync(join(cwd, "a.db"));
  // The definitions of the tables, behind the header of the file.
  writeFileSync(join(cwd, "a.db"), bytes.fill(0xa5, 100, 4096));
  await expect(openStore("sqlite:a.db", { cwd })).rejects.toMatchObject({ code: "corrupt" });
  const maintenance = await maintenanceOf("sqlite:a.db", cwd);
  expect(await maintenance?.check()).toMatchObject([{ kind: "damaged", path: join(cwd, "a.db") }]);
});

it("has what maintains a database, and names it without its password", async () => {
  expect(await maintenanceOf("postgres://me:secret@db/x?schema=y", "/")).toMatchObject({
    kind: "postgres",
    unit: "database",
    place: "postgres://me@db/x?schema=y",
  });
});

it("has nothing to maintain where the store has no place on this machine", async () => {
  expect(await maintenanceOf("memory:", "/")).toBeNull();
  expect(await maintenanceOf("http://127.0.0.1:1", "/")).toBeNull();
});
