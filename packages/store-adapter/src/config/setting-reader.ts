import type { Setting } from '@spark-control/core';
import type { EnvReader } from './env-reader.ts';
import { settingSchema } from './setting-schema.ts';
import { valueAt, type YamlFile } from './yaml-file.ts';

/** A setting as it was read. `isDecided`: its variable is set and goes before the file, so that writing the file would change nothing. */
export type ReadSetting = Readonly<Omit<Setting, 'writable'> & { isDecided: boolean }>;

/** Reads values of spark.yaml, over which variables go and under which defaults lie, and keeps a list of what was read from where. */
export class SettingReader {
  readonly found: ReadSetting[] = [];
  readonly #env: EnvReader;
  readonly #file: YamlFile | null;

  /** `file`: of the right shape, `null` when there is none. */
  constructor(env: EnvReader, file: YamlFile | null) {
    this.#env = env;
    this.#file = file;
  }

  /** A number within the bounds of the schema. A variable that is none of these changes nothing but the warnings. */
  number(path: string, variable: string, fallback: number): number {
    const { type, minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = settingSchema(path) ?? {};
    const isWhole = ![type].flat().includes('number');
    const ofFile = this.#ofFile(path);
    const rest = typeof ofFile === 'number' ? ofFile : fallback;
    const ofEnv = this.#env.number(variable, { isWhole, minimum, maximum }, rest);
    this.#keep(path, variable, ofEnv ?? rest, ofEnv !== null, typeof ofFile === 'number');
    return ofEnv ?? rest;
  }

  text(path: string, variable: string, fallback: string): string {
    const ofFile = this.#ofFile(path);
    const ofEnv = this.#env.text(variable);
    const value = ofEnv ?? (typeof ofFile === 'string' ? ofFile : fallback);
    this.#keep(path, variable, value, ofEnv !== null, typeof ofFile === 'string');
    return value;
  }

  /** A list to which the variable adds. */
  words(path: string, variable: string): readonly string[] {
    const ofFile = this.#ofFile(path);
    const words = [...(Array.isArray(ofFile) ? ofFile.map(String) : []), ...this.#env.list(variable)];
    const hasFile = Array.isArray(ofFile) && ofFile.length > 0;
    const source = this.#env.text(variable) !== null && !hasFile ? 'environment' : hasFile ? 'file' : 'default';
    this.found.push({ path, value: words, source, variable, secret: false, isDecided: false, description: descriptionOf(path) });
    return words;
  }

  #ofFile(path: string): unknown {
    return this.#file === null ? undefined : valueAt(this.#file.value, path);
  }

  #keep(path: string, variable: string, value: string | number, isDecided: boolean, hasFile: boolean): void {
    const source = isDecided ? 'environment' : hasFile ? 'file' : 'default';
    this.found.push({ path, value, source, variable, secret: false, isDecided, description: descriptionOf(path) });
  }
}

export const descriptionOf = (path: string): string => settingSchema(path)?.description ?? '';
