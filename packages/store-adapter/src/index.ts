export type { CatalogFiles } from './config/catalog-files.ts';
export type { Env } from './config/env-reader.ts';
export { type Configuration, type ConfigurationOptions, loadConfiguration } from './config/load-configuration.ts';
export type { PollSettings, ServerSettings } from './config/server-settings.ts';
export type { ConfiguredService } from './config/services-settings.ts';
export { type CatalogSourceOptions, type Repeat, YamlCatalogSource } from './config/yaml-catalog-source.ts';
export { YamlSettings, type YamlSettingsOptions } from './config/yaml-settings.ts';
export { openStore, type Store, type StoreOptions } from './state/open-store.ts';
export type { TransitionRow } from './state/sql-journal.ts';
