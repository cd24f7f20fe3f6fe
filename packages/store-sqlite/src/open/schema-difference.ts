import type { Client, Connect } from "../connection/driver.ts";
import { compareSchema, type SchemaDifference } from "../schema/compare-schema.ts";
import { expectedSchema, schemaOf } from "../schema/expected-schema.ts";
import { checkedVersion } from "./migrate.ts";

/** Against the version of the tables that the file has. @throws {SessionError} unsupported */
export function differenceOf(connect: Connect, client: Client, file: string): SchemaDifference {
  // Of one moment: another process may be migrating it.
  const [version, schema] = client.transaction(
    () => [checkedVersion(client, file), schemaOf(client)] as const,
  )();
  return compareSchema(schema, expectedSchema(connect, version));
}
