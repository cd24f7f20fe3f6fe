export { CONFIG_FILE } from "./config-file.ts";
export {
  type Config,
  type ConfigFlags,
  type LoadConfigOptions,
  limitsOf,
  loadConfig,
} from "./load-config.ts";
export { isLoopback } from "./loopback.ts";
export {
  backUpDatabase,
  checkDatabase,
  type DatabaseBackup,
  inspectFiles,
  rawCopy,
  recoverDatabase,
  repairSession,
} from "./maintain-store.ts";
export { type Durability, type OpenStoreOptions, openStore } from "./open-store.ts";
export type { LimitAction, LogLevel, SettingName, Settings } from "./settings.ts";
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
export { parseStoreUrl, type StoreLocation } from "./store-url.ts";
