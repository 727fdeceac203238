import { existsSync } from 'node:fs';
import { type Clock, type Host, hostKey, isSparkError } from '@spark-control/core';
import { discoverHost, keyCommand, presentedKey, type SshShell } from '@spark-control/ssh-adapter';
import type { InitOptions } from './init-options.ts';
import type { InitHost } from './proposal.ts';
import { confirmed, type Terminal } from './terminal.ts';

/** Something that ends the program with a sentence, and exit code 1. */
export class CannotGoOn extends Error {
  override readonly name = 'CannotGoOn';
}

export type Surroundings = Readonly<{
  terminal: Terminal;
  env: Readonly<Record<string, string | undefined>>;
  home: string;
  clock: Clock;
  signal: AbortSignal;
  /** A shell that logs in as `host` says. Whoever asked for it closes it. */
  openShell: (host: Host) => SshShell;
}>;

const KEY_TIMEOUT_MS = 15_000;
const USUAL_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'];
/** What `~` in a file of ours, and people, mean by their home. */
const expanded = (path: string, home: string): string => (path === '~' || path.startsWith('~/') ? home + path.slice(1) : path);

/** Asks for what the flags do not say, then goes to every host: its key, its login, what runs there. @throws {CannotGoOn} */
export async function meetHosts(options: InitOptions, around: Surroundings): Promise<readonly InitHost[]> {
  const { terminal, env, home } = around;
  const addresses = options.hosts.length > 0 ? options.hosts : await askForHosts(terminal);
  const usual = USUAL_KEYS.map((name) => `~/.ssh/${name}`).find((path) => existsSync(expanded(path, home))) ?? null;
  const user =
    options.user ??
    (terminal.isInteractive ? await terminal.ask('Login user on the hosts', env['USER'] ?? 'nvidia') : (env['USER'] ?? 'nvidia'));
  const keyFile = options.keyFile ?? usual;
  terminal.say(keyFile === null ? 'Logging in by the SSH agent.' : `Logging in with ${keyFile}.`);
  const met: InitHost[] = [];
  for (const [index, address] of addresses.entries()) {
    const key = `spark${index + 1}`;
    const base = { key, address, port: options.sshPort, user, keyFile };
    const fingerprint = await trustedKey({ ...base, fingerprint: '', discovery: null }, options, index, around);
    met.push(await lookAround({ ...base, fingerprint, discovery: null }, around));
  }
  return met;
}

async function askForHosts(terminal: Terminal): Promise<readonly string[]> {
  if (!terminal.isInteractive) throw new CannotGoOn('Nobody can be asked here: name the hosts by --host.');
  const first = await terminal.ask('Address of the first Spark (name or IP)', '');
  if (first === '') throw new CannotGoOn('Without a host there is nothing to write.');
  const second = await terminal.ask('Address of the second one, empty for none', '');
  return second === '' ? [first] : [first, second];
}

const hostOf = ({ key, address, port, user, keyFile, fingerprint }: InitHost, home: string): Host => ({
  key: hostKey(key),
  name: key,
  address,
  sshPort: port,
  user,
  identityFile: keyFile === null ? null : expanded(keyFile, home),
  fingerprint: fingerprint === '' ? null : fingerprint,
  fabricAddress: null,
});

/** The key that a host shows, once it is known to be the right one. */
async function trustedKey(host: InitHost, options: InitOptions, index: number, { terminal, home, signal }: Surroundings): Promise<string> {
  const shown = await presentedKey(hostOf(host, home), KEY_TIMEOUT_MS, () => undefined, signal).catch(explain(host, signal));
  terminal.say(`${host.key} (${host.address}) shows the host key ${shown.fingerprint} (${shown.type}).`);
  const wanted = options.fingerprints[index];
  if (wanted !== undefined) {
    if (wanted === shown.fingerprint) return wanted;
    throw new CannotGoOn(
      `That is not the fingerprint given for ${host.address} (${wanted}): somebody may stand in between, or the wrong key was read.`,
    );
  }
  if (options.acceptKey) return shown.fingerprint;
  if (!terminal.isInteractive) {
    throw new CannotGoOn(
      `Compare it on ${host.address} itself with "${keyCommand(shown.type)}" and give it by --fingerprint, or take it by --accept-key.`,
    );
  }
  terminal.say(`Compare it on the console of the host itself: ${keyCommand(shown.type)}`);
  if (await confirmed(terminal, 'Is it the same?')) return shown.fingerprint;
  throw new CannotGoOn(`The host key of ${host.address} was not confirmed; nothing was written.`);
}

async function lookAround(host: InitHost, around: Surroundings): Promise<InitHost> {
  const { terminal, home, signal } = around;
  const shell = around.openShell(hostOf(host, home));
  try {
    const discovery = await discoverHost(shell, signal).catch(explain(host, signal));
    for (const line of findings(discovery)) terminal.say(`  ${line}`);
    return { ...host, discovery };
  } finally {
    await shell.close();
  }
}

function findings({ gpus, launchers, containers, dockerProblem, serving, fabric }: NonNullable<InitHost['discovery']>): readonly string[] {
  const running = containers?.map(({ name, ports }) => (ports.length === 0 ? name : `${name} (${ports.join(', ')})`)) ?? [];
  return [
    `GPU: ${gpus.join(', ') || 'none that nvidia-smi knows'}`,
    `launch-cluster.sh: ${launchers.join(', ') || 'not found'}`,
    `containers: ${dockerProblem ?? (running.join(', ') || 'none run')}`,
    ...serving.map(({ port, models }) => `a model server on port ${port}: ${models.join(', ')}`),
    ...fabric.map(({ name, address, gigabits }) => `fast link: ${address} on ${name}, ${gigabits} Gbit/s`),
  ];
}

const explain =
  ({ address }: InitHost, signal: AbortSignal) =>
  (error: unknown): never => {
    signal.throwIfAborted();
    if (isSparkError(error)) throw new CannotGoOn(error.message);
    throw new CannotGoOn(`${address} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  };
