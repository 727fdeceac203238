import { parseBaseUrl } from '../base-url.ts';
import { readConfigFile, readSecretFile } from './config-file.ts';
import { UsageError } from './failure.ts';
import type { Io } from './io.ts';

export type Settings = Readonly<{
  baseUrl: string;
  apiKey: string | null;
  /** `null`: the server's only one, or `default`. */
  cluster: string | null;
  /** Why no key is sent although there is one. */
  keyNote: string | null;
}>;

export type SettingFlags = Readonly<{
  url?: string | undefined;
  cluster?: string | undefined;
  'key-file'?: string | undefined;
  config?: string | undefined;
}>;

const DEFAULT_URL = 'http://127.0.0.1:9999';

/** Flags before environment before file. @throws {UsageError} */
export function readSettings(flags: SettingFlags, io: Io, warn: (text: string) => void): Settings {
  const file = readConfigFile(io, flags.config, warn);
  const fileUrl = file?.url == null ? null : baseUrl(file.url, file.path);
  const named = flags.url ?? setting(io, 'SPARK_BASE_URL');
  const url = named === null ? (fileUrl ?? DEFAULT_URL) : baseUrl(named, flags.url === undefined ? 'SPARK_BASE_URL' : '--url');
  const cluster = flags.cluster ?? setting(io, 'SPARK_CLUSTER') ?? file?.cluster ?? null;

  if (flags['key-file'] !== undefined)
    return { baseUrl: url, cluster, apiKey: readSecretFile(flags['key-file'], 'the key', warn), keyNote: null };
  const fromEnv = setting(io, 'SPARK_API_KEY');
  if (fromEnv !== null) return { baseUrl: url, cluster, apiKey: fromEnv, keyNote: null };
  if (file === null || (file.apiKey === null && file.apiKeyFile === null)) return { baseUrl: url, cluster, apiKey: null, keyNote: null };
  // A key belongs to the server it stands beside; another one must not get to see it.
  if (fileUrl !== null && fileUrl !== url) {
    return { baseUrl: url, cluster, apiKey: null, keyNote: `the key in ${file.path} is for ${fileUrl} and was not sent to ${url}` };
  }
  const apiKey = file.apiKey ?? readSecretFile(file.apiKeyFile ?? '', 'the key', warn);
  return { baseUrl: url, cluster, apiKey, keyNote: null };
}

/** The lock that the caller holds: --lock-file before SPARK_LOCK_ID; `null` without one. @throws {UsageError} */
export function readLockId(flags: Readonly<{ 'lock-file'?: string | undefined }>, io: Io, warn: (text: string) => void): string | null {
  const file = flags['lock-file'];
  const lockId = file === undefined ? setting(io, 'SPARK_LOCK_ID') : readSecretFile(file, 'the lock id', warn);
  if (lockId !== null && !/^[\x21-\x7e]{1,200}$/.test(lockId)) throw new UsageError(`${file ?? 'SPARK_LOCK_ID'} holds no lock id`);
  return lockId;
}

/** An empty variable is one that is not set. */
function setting({ env }: Io, name: string): string | null {
  const value = env[name]?.trim() ?? '';
  return value === '' ? null : value;
}

function baseUrl(text: string, origin: string): string {
  try {
    return parseBaseUrl(text);
  } catch (error) {
    throw new UsageError(`${origin}: ${(error as Error).message}`);
  }
}
