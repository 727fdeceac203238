import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Host, SparkError } from '@spark-control/core';
import ssh2 from 'ssh2';

/** What proves to a host who we are: a private key, or the socket of an agent that holds one. */
export type SshIdentity = Readonly<{ privateKey: Buffer } | { agent: string }>;

/**
 * Reads the identity for a host. Read anew for each connection, so that a replaced key works without a restart.
 * @param agentSocket value of SSH_AUTH_SOCK, used when the host names no key file.
 * @throws {SparkError} HOST_AUTH_FAILED with what is wrong with the key; never with its content.
 */
export async function readIdentity(host: Host, agentSocket: string | null): Promise<SshIdentity> {
  if (host.identityFile !== null) return { privateKey: await readKeyFile(host, host.identityFile) };
  if (agentSocket === null || agentSocket === '') {
    throw refused(host, `${host.name} has no key_file, and no SSH agent runs (SSH_AUTH_SOCK is not set).`);
  }
  return { agent: agentSocket };
}

async function readKeyFile(host: Host, path: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY).catch((cause: NodeJS.ErrnoException) => {
    throw refused(host, `The key file ${path} of ${host.name} ${openProblem(cause.code)}.`, cause);
  });
  try {
    // Checked on the open file, as ssh does: a key that others can read is no longer a secret.
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw refused(host, `The key file ${path} of ${host.name} can be read by other users. Run: chmod 600 ${path}`);
    }
    const content = await file.readFile().catch((cause: NodeJS.ErrnoException) => {
      throw refused(host, `The key file ${path} of ${host.name} ${openProblem(cause.code)}.`, cause);
    });
    assertUsableKey(host, path, content);
    return content;
  } finally {
    await file.close();
  }
}

function assertUsableKey(host: Host, path: string, content: Buffer): void {
  const parsed = ssh2.utils.parseKey(content);
  if (!(parsed instanceof Error)) {
    const [key] = Array.isArray(parsed) ? parsed : [parsed];
    if (key?.isPrivateKey()) return;
    throw refused(host, `The key file ${path} of ${host.name} holds a public key; name the private one.`);
  }
  const reason = /encrypted/i.test(parsed.message)
    ? 'is protected by a passphrase. Load it into an SSH agent and leave key_file out, or use a key without one'
    : 'does not hold a private key that can be read';
  throw refused(host, `The key file ${path} of ${host.name} ${reason}.`);
}

function openProblem(code: string | undefined): string {
  if (code === 'ENOENT') return 'does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'cannot be read by this process';
  if (code === 'EISDIR') return 'is a folder';
  return `cannot be opened (${code ?? 'unknown reason'})`;
}

const refused = (host: Host, message: string, cause?: unknown): SparkError =>
  new SparkError('HOST_AUTH_FAILED', message, { cause, details: { host: host.key } });
