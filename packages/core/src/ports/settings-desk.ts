import type { Actor } from '../audit/audit-entry.ts';
import type { Plain } from '../operation/operation.ts';

/**
 * One setting. `path` is a JSON pointer into spark.yaml, or `env#/NAME` for what only the environment says; `variable` is the environment
 * variable that can give it, `null`: none.
 */
export type Setting = Readonly<{
  path: string;
  value: Plain;
  source: 'file' | 'environment' | 'default';
  variable: string | null;
  /** Its value is masked. */
  secret: boolean;
  /** Whether it can be changed here. */
  writable: boolean;
  description: string;
}>;

export type SettingsFile = Readonly<{ name: string; path: string; exists: boolean; writable: boolean; problem: string | null }>;

export type SettingsView = Readonly<{
  revision: string;
  settings: readonly Setting[];
  files: readonly SettingsFile[];
  warnings: readonly string[];
  /** Changed in the file since this process started. */
  restartRequired: boolean;
}>;

export type SettingChange = Readonly<{ path: string; value: Plain }>;

export interface SettingsDesk {
  view(): Promise<SettingsView>;
  /** Writes spark.yaml, comments kept; `null` takes a value away. Takes effect at the next start. Rejects READ_ONLY, STALE_REVISION, INVALID_SETTINGS with issues. */
  change(changes: readonly SettingChange[], expected: string | null, actor: Actor): Promise<SettingsView>;
}
