import { FLAG_TABLE } from './flag-table.ts';

const NODES = 'the launcher sets it from the number of hosts; set `nodes` of the entry instead';
const ADDRESS = "the cluster's configuration decides where the model server listens; set `port` of the cluster instead";
const PLAIN_HTTP = 'Spark Control asks the model server over plain HTTP on the cluster network; put TLS in front of it';

/** Flags that are never taken from an entry: why, and what to do instead, in half a sentence. */
const MANAGED: Readonly<Record<string, string>> = {
  host: ADDRESS,
  port: ADDRESS,
  uds: ADDRESS,
  grpc: 'the health check needs the HTTP server',
  'ssl-keyfile': PLAIN_HTTP,
  'ssl-certfile': PLAIN_HTTP,
  'ssl-ca-certs': PLAIN_HTTP,
  'ssl-cert-reqs': PLAIN_HTTP,
  'tensor-parallel-size': NODES,
  'pipeline-parallel-size': NODES,
  'data-parallel-size': NODES,
  'data-parallel-rank': NODES,
  'data-parallel-start-rank': NODES,
  'data-parallel-size-local': NODES,
  'data-parallel-address': NODES,
  'data-parallel-rpc-port': NODES,
  'data-parallel-backend': NODES,
  'data-parallel-hybrid-lb': NODES,
  'data-parallel-external-lb': NODES,
  nnodes: NODES,
  'node-rank': NODES,
  'master-addr': NODES,
  'master-port': NODES,
  headless: NODES,
  'distributed-executor-backend': 'the launcher chooses it to match how it connects the hosts',
  'hf-token': 'a token on a command line can be read by every user of the host; set `env: { HF_TOKEN: { from_env: NAME } }` instead',
  'api-key': 'a key on a command line can be read by every user of the host; set `env: { VLLM_API_KEY: { from_env: NAME } }` instead',
  model: 'set `repo` or `local_path` of the entry instead',
  'model-tag': 'set `repo` or `local_path` of the entry instead',
  revision: 'set `revision` of the entry instead',
  config: 'a configuration file could set flags that Spark Control has to know; write its flags into the entry',
};

/** In `extra_args` also this one: there it would take the place of the name that readiness is checked by, not add to it. */
const MANAGED_IN_EXTRA_ARGS: Readonly<Record<string, string>> = {
  ...MANAGED,
  'served-model-name': 'set `served_model_name` of the entry, or `flags: { served-model-name: [...] }` for further names',
};

/** Short forms with one dash. `-n2` and `-tp=2` mean the same as `-n 2` and `-tp 2`; the first letters alone are taken as abbreviations. */
const MANAGED_SHORT = /^-(?:t|tp|p|pp|d|dp[a-z]*|n|n\d+|r|r\d+)(?:=.*)?$/s;

/** `max_model_len` and `max-model-len` are the same flag to vLLM. */
export const flagName = (text: string): string => text.replaceAll('_', '-');

/** A flag that an entry cannot set, and why. */
export type ManagedFlag = Readonly<{ name: string; reason: string }>;

export const managedFlags = (): readonly ManagedFlag[] => Object.entries(MANAGED).map(([name, reason]) => ({ name, reason }));

/** Why this long flag (without dashes) is refused, or `null`. */
export function managedFlag(name: string): string | null {
  const normal = flagName(name);
  return (Object.hasOwn(MANAGED, normal) ? MANAGED[normal] : undefined) ?? null;
}

/** One fault in `extra_args`: which word, and why. */
export type ExtraArgFault = Readonly<{ index: number; message: string }>;

/**
 * Finds words of `extra_args` that would change what the launcher or Spark Control decides, in every spelling that vLLM's
 * parser takes: `--flag value`, `--flag=value`, underscores, abbreviations and the short forms.
 */
export function extraArgFaults(words: readonly string[]): readonly ExtraArgFault[] {
  return words.flatMap((word, index) => {
    const reason = index === 0 && !word.startsWith('-') ? STRAY : wordProblem(word);
    return reason === null ? [] : [{ index, message: reason }];
  });
}

const STRAY = 'extra_args has to begin with a flag: a word without a dash would be read as a further value of the flag before it';

function wordProblem(word: string): string | null {
  if (word === '--') return '`--` ends the flags, and the launcher appends its own after these; leave it out';
  if (MANAGED_SHORT.test(word)) return `${word.split('=')[0]} is refused: ${NODES}`;
  if (!word.startsWith('--')) return null;
  const name = flagName(word.slice(2).split(/[=.+]/, 1)[0] ?? '');
  const reason = (Object.hasOwn(MANAGED_IN_EXTRA_ARGS, name) ? MANAGED_IN_EXTRA_ARGS[name] : undefined) ?? abbreviated(name);
  return reason === null ? null : `--${name} is refused: ${reason}`;
}

/** The parser takes any unique beginning of a flag for the whole. */
function abbreviated(name: string): string | null {
  if (Object.hasOwn(FLAG_TABLE, name)) return null;
  const full = Object.keys(MANAGED_IN_EXTRA_ARGS).find((managed) => managed.startsWith(name));
  return full === undefined ? null : `it abbreviates --${full}: ${MANAGED_IN_EXTRA_ARGS[full]}`;
}
