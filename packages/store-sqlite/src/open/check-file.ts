import { isSessionError } from "@thulp-sessions/core";
import { checkHeader, lostFirstPage, prepareFile } from "../connection/database-file.ts";
import type { Connect } from "../connection/driver.ts";
import { hasOurRows } from "../pages/salvage-pages.ts";

/** See `prepareFile`; a store whose first page is lost is told from what is no database. */
export function prepareDatabaseFile(connect: Connect, file: string): void {
  tellLostFirstPage(connect, file, () => prepareFile(file));
}

/** The same for the header of a file that exists. @throws {SessionError} unsupported, corrupt */
export function checkDatabaseHeader(connect: Connect, file: string): void {
  tellLostFirstPage(connect, file, () => checkHeader(file));
}

function tellLostFirstPage(connect: Connect, file: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    const isNoDatabase = isSessionError(error, "unsupported") && error.details.field === "header";
    throw isNoDatabase && hasOurRows(connect, file) ? lostFirstPage(file) : error;
  }
}
