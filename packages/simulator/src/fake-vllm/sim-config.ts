import { readFileSync } from 'node:fs';
import { SPARK_MEMORY_BYTES } from './host-memory.ts';
import { DEFAULT_PROFILE, type FakeVllmProfile, readProfile } from './profile.ts';
import type { ServeOptions } from './serve-options.ts';

/** What the executable form reads: how fast time goes, how large the host is, and how each model behaves. */
export type SimConfig = Readonly<{
  speed: number;
  memTotalBytes: number;
  default: FakeVllmProfile;
  /** By repo, path or served name. */
  models: Readonly<Record<string, FakeVllmProfile>>;
}>;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function numberAt(written: Record<string, unknown>, name: string, fallback: number): number {
  const value = written[name] ?? fallback;
  if (typeof value !== 'number' || !(value > 0)) throw new TypeError(`"${name}" must be a number above 0`);
  return value;
}

/** @throws {TypeError} when an entry has the wrong type. */
export function readSimConfig(written: unknown): SimConfig {
  if (!isRecord(written)) throw new TypeError('the configuration must be an object');
  const base = readProfile(written['default']);
  const models = written['models'] ?? {};
  if (!isRecord(models)) throw new TypeError('"models" must be an object');
  return {
    speed: numberAt(written, 'speed', 1),
    memTotalBytes: numberAt(written, 'memTotalBytes', SPARK_MEMORY_BYTES),
    default: base,
    models: Object.fromEntries(Object.entries(models).map(([name, profile]) => [name, readProfile(profile, base)])),
  };
}

/** A missing file means defaults; a broken one is an error, so that a typing mistake is noticed. */
export function loadSimConfig(file: string): SimConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return { speed: 1, memTotalBytes: SPARK_MEMORY_BYTES, default: DEFAULT_PROFILE, models: {} };
  }
  return readSimConfig(JSON.parse(text));
}

export function profileFor(config: SimConfig, options: ServeOptions): FakeVllmProfile {
  const names = [options.model, ...options.servedModelNames];
  const name = names.find((candidate) => Object.hasOwn(config.models, candidate));
  return (name === undefined ? undefined : config.models[name]) ?? config.default;
}
