import { readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { UsageError } from './failure.ts';
import type { Io } from './io.ts';

export type ConfigFile = Readonly<{
  path: string;
  url: string | null;
  cluster: string | null;
  apiKey: string | null;
  apiKeyFile: string | null;
}>;

const FIELDS = ['url', 'cluster', 'api_key', 'api_key_file'] as const;
const OTHERS_MAY_READ = 0o044;

/** `~/.config/sparkctl.json`. A relative XDG_CONFIG_HOME does not count, as its specification says. */
export function configPath({ env, home }: Io): string {
  const xdg = env['XDG_CONFIG_HOME'] ?? '';
  return join(isAbsolute(xdg) ? xdg : join(home, '.config'), 'sparkctl.json');
}

/** The file, `null` when there is none. `given`: named on the command line, so that it has to be there. @throws {UsageError} */
export function readConfigFile(io: Io, given: string | undefined, warn: (text: string) => void): ConfigFile | null {
  const path = given ?? configPath(io);
  const text = readText(path, given !== undefined);
  if (text === null) return null;
  const fields = parseFields(path, text);
  const unknown = Object.keys(fields).find((name) => !FIELDS.some((known) => known === name));
  if (unknown !== undefined) warn(`${path}: "${unknown}" is not known there; ${FIELDS.join(', ')} are`);
  const [url, cluster, apiKey, apiKeyFile] = FIELDS.map((name) => textField(path, name, fields[name]));
  if (typeof apiKey === 'string') warnWhenOthersMayRead(path, warn);
  return {
    path,
    url: url ?? null,
    cluster: cluster ?? null,
    apiKey: apiKey ?? null,
    apiKeyFile: typeof apiKeyFile === 'string' ? resolve(dirname(path), apiKeyFile) : null,
  };
}

/** The first line of a file that holds a secret. `what` names it in errors, which never quote it. @throws {UsageError} */
export function readSecretFile(path: string, what: string, warn: (text: string) => void): string {
  const [line = ''] = (readText(path, true) ?? '').split(/\r?\n/, 1);
  if (line.trim() === '') throw new UsageError(`${path} is empty; its first line should be ${what}`);
  warnWhenOthersMayRead(path, warn);
  return line.trim();
}

function warnWhenOthersMayRead(path: string, warn: (text: string) => void): void {
  const { mode } = statSync(path);
  if ((mode & OTHERS_MAY_READ) !== 0) warn(`${path} holds a secret and others may read it; chmod 600 it`);
}

function readText(path: string, isNeeded: boolean): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!isNeeded && (code === 'ENOENT' || code === 'ENOTDIR')) return null;
    throw new UsageError(`${path} cannot be read (${code})`);
  }
}

/** The parser's own message would quote the file, which may hold a key. */
function parseFields(path: string, text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(`${path} is not JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new UsageError(`${path} should hold a JSON object`);
  return value as Record<string, unknown>;
}

function textField(path: string, name: string, value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') throw new UsageError(`${path}: "${name}" has to be a text`);
  return value;
}
