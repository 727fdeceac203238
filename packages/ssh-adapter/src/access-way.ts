import { type Host, isSparkError, type PresentedKey, shellQuote } from '@spark-control/core';
import { type Finding, fail, pass, textOf } from './access-finding.ts';
import { knownOutcome, type RemoteShell } from './remote-shell.ts';
import { keyCommand, presentedKey } from './ssh-connect.ts';
import { readIdentity } from './ssh-identity.ts';

/** From the first packet to the host key. */
const KEY_TIMEOUT_MS = 10_000;
const LOGIN_TIMEOUT_MS = 20_000;

export type Lookup = (name: string) => Promise<readonly string[]>;
export type Pin = Readonly<{ fingerprint: string; from: 'file' | 'store' }>;

/** Whether the address of a host can be resolved from here. */
export async function resolveStep({ address, key }: Host, lookup: Lookup): Promise<Finding> {
  try {
    const found = await lookup(address);
    return pass(`${address} is ${found.join(' and ')}.`, found[0] ?? null);
  } catch {
    const hint = `Check the address of ${key} in spark.yaml, or give its IP address there; names such as spark.local need mDNS on this machine.`;
    return fail(`The name ${address} cannot be resolved.`, hint);
  }
}

/** A connection on its way to the host key, in one so that a test costs sshd as little as it can. */
export type Knock = Readonly<{ connected: Promise<void>; key: Promise<PresentedKey> }>;

export function knock(host: Host, signal: AbortSignal): Knock {
  let onConnected = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    onConnected = resolve;
  });
  const key = presentedKey(host, KEY_TIMEOUT_MS, onConnected, signal);
  // Who was let in and then turned away was let in; else the trouble is that of the connection.
  const connected = Promise.race([opened, key.then(() => undefined)]);
  connected.catch(() => undefined);
  key.catch(() => undefined);
  return { connected, key };
}

export async function portStep({ address, sshPort, key }: Host, { connected }: Knock, signal: AbortSignal): Promise<Finding> {
  try {
    await connected;
    return pass(`Port ${sshPort} of ${address} takes connections.`, `${address}:${sshPort}`);
  } catch (error) {
    signal.throwIfAborted();
    const isRefused = isSparkError(error) && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED';
    const hint = isRefused
      ? `Start sshd there ("sudo systemctl enable --now ssh"), or set the right port of ${key} in spark.yaml.`
      : 'Check that the host is on and in this network, and that no firewall is in between.';
    return fail(textOf(error, `${address}:${sshPort} cannot be connected to.`), hint);
  }
}

export async function keyStep(host: Host, { key }: Knock, pin: Pin | null, signal: AbortSignal): Promise<Finding> {
  let shown: PresentedKey;
  try {
    shown = await key;
  } catch (error) {
    signal.throwIfAborted();
    const hint = `Is it sshd that listens on port ${host.sshPort} there? Its log says more: "journalctl -u ssh".`;
    return fail(textOf(error, 'No host key was shown.'), hint);
  }
  const { fingerprint, type } = shown;
  const what = `${host.name} shows ${fingerprint} (${type})`;
  const compare = `run "${keyCommand(type)}" on its own console and compare`;
  if (pin === null) return fail(`${what}, which is not trusted yet.`, `First ${compare}; if it is the same, trust it.`, fingerprint);
  if (pin.fingerprint === fingerprint) {
    return pass(`${what}, which is ${pin.from === 'file' ? 'pinned in the configuration' : 'trusted'}.`, fingerprint);
  }
  const change = pin.from === 'file' ? `change the fingerprint of ${host.key} in the configuration` : 'trust the new key';
  const hint = `Somebody may stand in between. If the host was reinstalled, ${compare}, then ${change}.`;
  return fail(`${what}, but ${pin.fingerprint} is pinned. It is not connected to.`, hint, fingerprint);
}

export async function loginStep(host: Host, shell: RemoteShell, agentSocket: string | null, signal: AbortSignal): Promise<Finding> {
  try {
    await readIdentity(host, agentSocket);
  } catch (error) {
    return fail(textOf(error, 'The key cannot be read.'), 'Put that right and test again: the key is read anew for each connection.');
  }
  try {
    const result = await shell.run('printf \'%s\\n\' "$(id -un)"', { timeoutMs: LOGIN_TIMEOUT_MS, signal });
    const user = knownOutcome(shell, result, 'logging in').stdout.trim();
    return pass(`Logged in as ${user}.`, user);
  } catch (error) {
    signal.throwIfAborted();
    const isRefused = isSparkError(error) && error.code === 'HOST_AUTH_FAILED';
    const hint = isRefused ? `On the machine that runs Spark Control: ${copyCommand(host)}` : `Try it by hand: ${sshCommand(host)}`;
    return fail(textOf(error, 'The login failed.'), hint);
  }
}

function copyCommand(host: Host): string {
  const { identityFile } = host;
  return `ssh-copy-id ${identityFile === null ? '' : `-i ${shellQuote(`${identityFile}.pub`)} `}${destination(host)}`;
}

const sshCommand = (host: Host): string =>
  `ssh ${host.identityFile === null ? '' : `-i ${shellQuote(host.identityFile)} `}${destination(host)}`;

const destination = ({ sshPort, user, address }: Host): string =>
  `${sshPort === 22 ? '' : `-p ${sshPort} `}${shellQuote(`${user}@${address}`)}`;
