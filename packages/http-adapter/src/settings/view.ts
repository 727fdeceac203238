import type { SettingsView } from '@spark-control/core';
import type { WireSettings } from '@spark-control/schema';

export const settingsView = ({ settings, files, warnings, restartRequired }: SettingsView): WireSettings => ({
  items: settings.map(({ path, value, source, variable, secret, writable, description }) => ({
    path,
    value,
    source,
    variable,
    secret,
    writable,
    description,
  })),
  files: files.map(({ name, path, exists, writable, problem }) => ({ name, path, exists, writable, problem })),
  warnings: [...warnings],
  restart_required: restartRequired,
});
