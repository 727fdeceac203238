import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Issue } from '@spark-control/core';
import { type Configuration, loadConfiguration } from '@spark-control/store-adapter';

export type Place = Readonly<{
  /** Writes a file below the folder; `config/` is the configuration, `data/` the data folder. */
  write: (path: string, content: string) => string;
  path: (path: string) => string;
  load: (env?: Readonly<Record<string, string>>) => Configuration;
  /** Loads and returns the fault: code, message, and the issues without the folder in their paths. */
  fault: (env?: Readonly<Record<string, string>>) => Readonly<{ code: string; message: string; issues: readonly Issue[] }>;
}>;

/** A fresh folder for a configuration, removed after the test; what was loaded is disposed. */
export function configurationFolder(): Place {
  let root = '';
  const loaded: Configuration[] = [];
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'spark-config-'));
  });
  afterEach(() => {
    for (const { catalog, services } of loaded.splice(0)) {
      catalog.dispose();
      services.dispose();
    }
    rmSync(root, { recursive: true, force: true });
  });
  const path = (below: string): string => join(root, below);
  const load: Place['load'] = (env = {}) => {
    const configuration = loadConfiguration({
      folder: path('config'),
      dataFolder: path('data'),
      env: { HOME: '/home/me', ...env },
      pollMs: 0,
    });
    loaded.push(configuration);
    return configuration;
  };
  return {
    path,
    load,
    write: (below, content) => {
      mkdirSync(dirname(path(below)), { recursive: true });
      writeFileSync(path(below), content);
      return path(below);
    },
    fault: (env) => {
      try {
        load(env);
      } catch (error) {
        const { code, message, details } = error as { code: string; message: string; details: { issues: readonly Issue[] } };
        return { code, message, issues: details.issues.map((issue) => ({ ...issue, path: issue.path.replace(`${root}/`, '') })) };
      }
      throw new Error('expected the configuration to be refused');
    },
  };
}
