import type { SettingsDesk, SettingsView } from '@spark-control/core';

export const someSettings = (over: Partial<SettingsView> = {}): SettingsView => ({
  revision: 'abc123',
  settings: [
    {
      path: '/server/port',
      value: 9999,
      source: 'default',
      variable: 'PORT',
      secret: false,
      writable: true,
      description: 'Port to listen on.',
    },
  ],
  files: [{ name: 'spark.yaml', path: '/etc/spark/spark.yaml', exists: false, writable: true, problem: null }],
  warnings: [],
  restartRequired: false,
  ...over,
});

/** A desk that does what a test says, and shows a setting when it says nothing. */
export class ScriptedSettings implements SettingsDesk {
  view: SettingsDesk['view'] = async () => someSettings();
  change: SettingsDesk['change'] = async () => someSettings({ restartRequired: true });
}
