export type { Durability } from "@thulp-sessions/core/store";
export { CONFIG_FILE } from "./config-file.ts";
export {
  type Config,
  type ConfigFlags,
  type LoadConfigOptions,
  limitsOf,
  loadConfig,
  runningServerToken,
  serverToken,
} from "./load-config.ts";
export { isLoopback } from "./loopback.ts";
export { maintenanceOf, rawCopy } from "./maintain-store.ts";
export { openStore } from "./open-store.ts";
export type {
  MaintenanceOptions,
  OpenStoreOptions,
  StoreKind,
  StoreLocation,
} from "./schemes/store-scheme.ts";
export { STORE_URL_BEGINNINGS } from "./schemes/store-schemes.ts";
export { openSessionFile, sessionIdIn, sessionText } from "./session-files.ts";
export type { Deletion, LimitAction, LogLevel, SettingName, Settings } from "./settings.ts";
export {
  FLAGS,
  SETTING_NAMES,
  SETTING_OPTIONS,
  SETTINGS,
  type Setting,
  type SettingOption,
  VARIABLES,
} from "./settings-table.ts";
export type { Source } from "./source.ts";
export { isRemote, parseStoreUrl, placeOf, takesDurability } from "./store-url.ts";
export { invalidUtf8At, otherEncodingOf } from "./utf8.ts";
