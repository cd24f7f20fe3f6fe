import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SessionStore, StoredEntry } from "@thulp-sessions/core";
import { expect } from "vitest";
import {
  type AgentReader,
  type ExportedFile,
  exportTranscript,
  type FileReport,
  type ImportOptions,
  importTranscripts,
} from "../src/index.ts";
import { tempFolder } from "./places.ts";

/** Imports one file, and checks that the report accounts for every byte. */
export async function importOne(
  store: SessionStore,
  reader: AgentReader,
  path: string,
  options: ImportOptions = {},
): Promise<FileReport & { readonly sessionId: string }> {
  const reports = await importTranscripts(store, reader, [path], options);
  expect(reports).toHaveLength(1);
  const [report] = reports as [FileReport];
  const { total, ...parts } = report.bytes;
  expect(Object.values(parts).reduce((sum, part) => sum + part)).toBe(total);
  expect(report.refused).toEqual([]);
  expect(report.sessionId, report.reason).toBeDefined();
  return report as FileReport & { readonly sessionId: string };
}

/** What the session of a transcript gives back. */
export async function exported(
  store: SessionStore,
  id: string,
): Promise<ExportedFile & { readonly bytes: Buffer }> {
  const parts: Buffer[] = [];
  const file = await exportTranscript(store, id, async (bytes) => void parts.push(Buffer.from(bytes)));
  return { ...file, bytes: Buffer.concat(parts) };
}

/** Every entry of a session. */
export async function entriesOf(store: SessionStore, id: string): Promise<readonly StoredEntry[]> {
  return (await store.get(id)).entries;
}

/** A file with this content under a name. */
export function fileWith(content: string | Uint8Array, name: string, folder = tempFolder()): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** The lines of a transcript. */
export function lines(...records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join("");
}
