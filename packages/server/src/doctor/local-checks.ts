import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isSparkError, type Model } from '@spark-control/core';
import { canBeWritten, readSettings, type SettingsReading, type SettingsSource, YamlCatalogSource } from '@spark-control/store-adapter';
import { type Check, checkOf } from './check.ts';

const LEAST_NODE = [20, 19] as const;
const LEAST_FREE_BYTES = 512 * 2 ** 20;

/** The version of Node that this runs on. */
export function nodeCheck(version: string): Check {
  const say = checkOf('node');
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const isEnough = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  return isEnough
    ? say('pass', `Node ${version}`)
    : say('fail', `Node ${version} is too old.`, `Install Node ${LEAST_NODE.join('.')} or newer.`);
}

export type LocalConfiguration = Readonly<{ reading: SettingsReading; models: readonly Model[] | null; checks: readonly Check[] }>;

/** The configuration files: readable, valid, and writable for changes from the dashboard. */
export function configurationChecks(source: SettingsSource): LocalConfiguration {
  const reading = readSettings(source);
  const { files, issues, warnings, simulated } = reading;
  const say = checkOf('settings', files.spark);
  const faults = issues.map(({ path, line, message }) =>
    checkOf('settings', line === undefined ? path : `${path}, line ${line}`)(
      'fail',
      message,
      'Correct it; the server does not start with it.',
    ),
  );
  const where = simulated ? 'No host is configured: the server runs on simulated Sparks.' : `${reading.clusters.length} clusters`;
  const good = simulated ? say('warn', where, 'Run "sparkctl init", or set SPARK1_HOST.') : say('pass', where);
  const { check, models } = catalogCheck(files.models, files.modelsOverrides);
  return {
    reading,
    models,
    checks: [
      ...(faults.length > 0 ? faults : [good]),
      ...warnings.map((text) => checkOf('settings')('warn', text)),
      check,
      ...[files.spark, files.modelsOverrides, files.servicesOverrides].flatMap((path) =>
        // The server makes its data folder by itself.
        existsSync(source.dataFolder) || resolve(path, '..') !== resolve(source.dataFolder) ? [writableCheck(path)] : [],
      ),
    ],
  };
}

function catalogCheck(models: string, overrides: string): Readonly<{ check: Check; models: readonly Model[] | null }> {
  const say = checkOf('catalog', models);
  try {
    const source = new YamlCatalogSource({ files: { models, overrides }, pollMs: 0 });
    const found = source.current().models;
    source.dispose();
    const check =
      found.length > 0
        ? say('pass', `${found.length} models`)
        : say('warn', 'It names no model.', 'Add one to models.yaml, or by "sparkctl model add".');
    return { check, models: found };
  } catch (error) {
    const detail = isSparkError(error) ? error.message : String(error);
    return { check: say('fail', detail, 'Correct the file; the server does not start with it.'), models: null };
  }
}

/** Whether a file can be written, or made. A read-only one is a choice, and the API says so when it matters. */
function writableCheck(path: string): Check {
  const say = checkOf('writable', path);
  const folder = resolve(path, '..');
  if (canBeWritten(path)) return say('pass', existsSync(path) ? 'It can be written.' : 'It can be made.');
  const there = existsSync(path) ? `${path} and ${folder}` : folder;
  const hint = existsSync(folder) ? `Make ${there} writable for the user of Spark Control.` : `Make the folder ${folder}.`;
  return say('warn', 'It cannot be written: changes from the dashboard are refused (READ_ONLY).', hint);
}

/** The folder itself or, where that is not there, what is above it. */
const nearest = (path: string): string => (existsSync(path) ? path : nearest(dirname(path)));

function canMakeIn(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The data folder: there, writable, with room. */
export function dataChecks(folder: string): readonly Check[] {
  const say = checkOf('data', folder);
  if (!existsSync(folder)) {
    const above = nearest(folder);
    if (canMakeIn(above)) return [say('warn', 'It is not there yet; the server makes it.')];
    return [say('fail', `It is not there, and cannot be made in ${above}.`, `Make ${folder}, writable for the user of Spark Control.`)];
  }
  if (!statSync(folder).isDirectory()) return [say('fail', 'It is no folder.', 'Remove the file, or set SPARK_CONTROL_DATA to a folder.')];
  try {
    accessSync(folder, constants.W_OK | constants.R_OK);
  } catch {
    return [say('fail', 'This user may not write there.', `Give the user of Spark Control the right to write in ${folder}.`)];
  }
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const text = `${(free / 2 ** 30).toFixed(1)} GiB free`;
  return [free < LEAST_FREE_BYTES ? say('warn', text, 'Free space: a full disk stops swaps and locks.') : say('pass', text)];
}
