import type { ClusterKey, HostKey } from '../ids.ts';
import type { Plain } from '../operation/operation.ts';
import type { NimOrder } from '../ports/nim-host.ts';
import type { NimDeskDeps } from './nim-api.ts';
import type { NimStep } from './nim-parts.ts';
import type { OperationContext } from './operation-api.ts';

/** As stored: without the key, the lock and the values of the environment, which are in the secrets. */
export type NimInput = Readonly<{
  host: string;
  cluster: string;
  image: string;
  container: string;
  port: number;
  cache: string;
  shmGib: number;
  replace: boolean;
  envNames: readonly string[];
  hasKey: boolean;
  register: Readonly<{ key: string; name: string | null; kind: 'openai' | 'embeddings' | 'asr' | 'tts' | 'http' }> | null;
}>;

export const KEY_SECRET = 'NGC_API_KEY';
export const LOCK_SECRET = 'lock';
export const envSecret = (name: string): string => `env:${name}`;

/** One installation, as its steps see it. */
export type NimJob = Readonly<{
  deps: NimDeskDeps;
  context: OperationContext;
  input: NimInput;
  order: NimOrder;
  host: HostKey;
  cluster: ClusterKey;
  key: string | null;
  step: (step: NimStep, status: 'running' | 'done' | 'skipped' | 'failed', note?: string | null) => void;
}>;

export type NimResult = Readonly<Record<string, Plain>>;
