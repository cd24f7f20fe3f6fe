import { fsScheme } from "./fs.ts";
import { homeScheme } from "./home.ts";
import { httpScheme } from "./http.ts";
import { memoryScheme } from "./memory.ts";
import { postgresScheme } from "./postgres.ts";
import { shardsScheme } from "./shards.ts";
import { sqliteScheme } from "./sqlite.ts";
import type { StoreKind, StoreLocation, StoreScheme } from "./store-scheme.ts";
import { transcriptsScheme } from "./transcripts.ts";

/** Every kind of store that a URL can name, in the order in which messages name them. */
const STORE_SCHEMES: { readonly [K in StoreKind]: StoreScheme<Extract<StoreLocation, { kind: K }>> } = {
  sqlite: sqliteScheme,
  fs: fsScheme,
  memory: memoryScheme,
  postgres: postgresScheme,
  http: httpScheme,
  shards: shardsScheme,
  home: homeScheme,
  transcripts: transcriptsScheme,
};

const ALL: readonly StoreScheme[] = Object.values(STORE_SCHEMES);

/** What URLs look like: `sqlite:PATH, fs:PATH, ... or home:`. */
export const STORE_URL_FORMS = listed(ALL.map(({ form }) => form));

/** The same in short, for helps: `sqlite:, fs:, ... or home:`. */
export const STORE_SCHEME_NAMES = listed(ALL.map(({ schemes }) => `${schemes[0]}:`));

/** For shells: what a URL may begin with, or be, and what it looks like. */
export const STORE_URL_BEGINNINGS: readonly { readonly value: string; readonly what: string }[] = ALL.flatMap(
  ({ schemes, form, whole = [] }) => [
    { value: `${schemes[0]}:${form.includes("//") ? "//" : ""}`, what: form },
    ...whole.map((value) => ({ value, what: form })),
  ],
);

/** How a path is written as a URL, in each way that there is: `sqlite:x or fs:x`. */
export function asStoreUrls(path: string): string {
  const forms = ALL.filter(({ form }) => form.endsWith(":PATH")).map(({ form }) =>
    form.replace("PATH", path),
  );
  return listed(forms);
}

export function schemeOf<L extends StoreLocation>(location: L): StoreScheme<L> {
  return STORE_SCHEMES[location.kind] as StoreScheme as StoreScheme<L>;
}

/** The scheme of the stores that say this `kind`; `undefined` for a kind that no URL names. */
export function schemeOfKind(kind: string): StoreScheme | undefined {
  return Object.hasOwn(STORE_SCHEMES, kind) ? (STORE_SCHEMES[kind as StoreKind] as StoreScheme) : undefined;
}

/** The kind of store for what stands before the colon of a URL, in whatever case. */
export function schemeNamed(scheme: string): StoreScheme | undefined {
  return ALL.find(({ schemes }) => schemes.includes(scheme.toLowerCase()));
}

function listed(forms: readonly string[]): string {
  return `${forms.slice(0, -1).join(", ")} or ${forms.at(-1)}`;
}
