import { createHash } from 'node:crypto';
import { type Host, type PresentedKey, SparkError } from '@spark-control/core';
import ssh2, { type Client, type ClientErrorExtensions } from 'ssh2';
import type { SshIdentity } from './ssh-identity.ts';

export type ConnectOptions = Readonly<{ readyTimeoutMs: number; keepaliveMs: number }>;

/** As `ssh-keygen -lf` prints it. */
export const fingerprintOf = (key: Buffer): string => `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

/**
 * One attempt to connect and log in. Rejects with HOST_KEY_UNKNOWN, HOST_KEY_MISMATCH, HOST_AUTH_FAILED or HOST_UNREACHABLE.
 * A link cut before 'ready' often ends with 'close' alone, without 'error': both settle the promise.
 */
export function connectOnce(
  host: Host,
  pin: string | null,
  identity: SshIdentity,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    let presented: PresentedKey | null = null;
    let settled = false;
    const fail = (error: unknown): void => {
      if (settled) return;
      settled = true;
      signal.removeEventListener('abort', onAbort);
      client.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(signal.reason);
    client.on('error', (error: Error & ClientErrorExtensions) => fail(keyRefusal(host, pin, presented) ?? connectFailure(host, error)));
    client.on('close', () =>
      fail(keyRefusal(host, pin, presented) ?? unreachable(host, 'closed the connection before the login was done')),
    );
    // Nagle's algorithm and delayed acknowledgements make every command, and every round of the login, wait 40 ms otherwise.
    client.once('connect', () => client.setNoDelay(true));
    client.once('ready', () => {
      if (settled) return;
      settled = true;
      signal.removeEventListener('abort', onAbort);
      resolve(client);
    });
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      client.connect({
        host: host.address,
        port: host.sshPort,
        username: host.user,
        ...('privateKey' in identity ? { privateKey: identity.privateKey } : { agent: identity.agent }),
        readyTimeout: options.readyTimeoutMs,
        keepaliveInterval: options.keepaliveMs,
        keepaliveCountMax: 3,
        // Without a verifier the library trusts whatever answers.
        hostVerifier: (key: Buffer): boolean => {
          presented = presentedKeyOf(key);
          return presented.fingerprint === pin;
        },
      });
    } catch (error) {
      fail(unreachable(host, 'cannot be connected to with these settings', error));
    }
  });
}

function keyType(key: Buffer): string {
  const parsed = ssh2.utils.parseKey(key);
  return parsed instanceof Error || Array.isArray(parsed) ? 'unknown type' : parsed.type;
}

const presentedKeyOf = (key: Buffer): PresentedKey => ({ fingerprint: fingerprintOf(key), type: keyType(key) });

/** The command that prints a host's key on its own console. */
export function keyCommand(type: string): string {
  const name = type.startsWith('ecdsa') ? 'ecdsa' : type === 'ssh-rsa' ? 'rsa' : 'ed25519';
  return `ssh-keygen -lf /etc/ssh/ssh_host_${name}_key.pub`;
}

function keyRefusal(host: Host, pin: string | null, presented: PresentedKey | null): SparkError | null {
  if (presented === null || presented.fingerprint === pin) return null;
  const { fingerprint, type } = presented;
  const details = { host: host.key, fingerprint };
  if (pin === null) {
    const message =
      `${host.name} presents the host key ${fingerprint} (${type}), which is not trusted yet. On its own console run ` +
      `"${keyCommand(type)}"; if the fingerprint is the same, trust it: on the page of ${host.key}, or as its fingerprint in spark.yaml.`;
    return new SparkError('HOST_KEY_UNKNOWN', message, { details });
  }
  const message = `${host.name} presents the host key ${fingerprint} (${type}), but ${pin} is pinned. It is not connected to again until the pin is changed.`;
  return new SparkError('HOST_KEY_MISMATCH', message, { details });
}

/**
 * The key that a host shows, without logging in. `onConnected`: there is a TCP connection.
 * Rejects HOST_UNREACHABLE, also when what answers is no SSH server.
 */
export function presentedKey(host: Host, timeoutMs: number, onConnected: () => void, signal: AbortSignal): Promise<PresentedKey> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      client.destroy();
      settle();
    };
    const fail = (error: unknown): void => end(() => reject(error));
    const onAbort = (): void => fail(signal.reason);
    client.on('error', (error: Error & ClientErrorExtensions) => fail(connectFailure(host, error)));
    client.on('close', () => fail(unreachable(host, 'closed the connection before it showed a host key')));
    client.once('connect', onConnected);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    client.connect({
      ...{ host: host.address, port: host.sshPort, username: host.user, readyTimeout: timeoutMs },
      hostVerifier: (key: Buffer): boolean => {
        end(() => resolve(presentedKeyOf(key)));
        return false;
      },
    });
  });
}

function connectFailure(host: Host, error: Error & ClientErrorExtensions): SparkError {
  switch (error.level) {
    case 'agent': {
      const message = `The SSH agent for ${host.name} could not be asked, or holds no key. Check SSH_AUTH_SOCK and "ssh-add -l".`;
      return new SparkError('HOST_AUTH_FAILED', message, { cause: error, details: { host: host.key } });
    }
    case 'client-authentication': {
      const message = `${host.name} refused the login of user ${host.user}. Put the public key in that user's authorized_keys.`;
      return new SparkError('HOST_AUTH_FAILED', message, { cause: error, details: { host: host.key } });
    }
    case 'client-timeout':
      return unreachable(host, 'did not answer in time', error);
    case 'protocol':
    case 'handshake':
      return unreachable(host, 'answers, but not as an SSH server that we can talk to', error);
    case 'client-dns':
      return unreachable(host, 'has an address whose name cannot be resolved', error);
    default:
      return unreachable(host, socketProblem((error as NodeJS.ErrnoException).code), error);
  }
}

function socketProblem(code: string | undefined): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'refuses connections on its SSH port';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'is not reachable in the network';
    case 'ETIMEDOUT':
      return 'did not answer in time';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'has an address whose name cannot be resolved';
    case 'ECONNRESET':
      return 'closed the connection';
    default:
      return 'could not be connected to';
  }
}

const unreachable = (host: Host, problem: string, cause?: unknown): SparkError =>
  new SparkError('HOST_UNREACHABLE', `${host.name} (${host.address}:${host.sshPort}) ${problem}.`, { cause, details: { host: host.key } });
