import { type ChildProcess, spawn } from 'node:child_process';
import { eventually, type Outcome, type RunOptions, run } from './commands.ts';
import type { Rig } from './rig.ts';
import type { SparkHost } from './spark-host.ts';

type LoginOptions = Readonly<{ user?: string; terminal?: boolean }>;

/** The words of an `ssh` that asks nothing. */
export function sshWords(rig: Rig, host: SparkHost, command: string, options: LoginOptions = {}): readonly string[] {
  const set = ['BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'IdentitiesOnly=yes', 'LogLevel=ERROR'];
  return [
    'ssh',
    ...(options.terminal === true ? ['-tt'] : ['-T']),
    ...['-F', 'none', '-i', rig.clientKey, '-p', String(host.sshPort)],
    ...set.flatMap((each) => ['-o', each]),
    `${options.user ?? host.user}@${host.address}`,
    command,
  ];
}

/** Runs a command on a host over SSH with OpenSSH's own client: a second opinion beside our adapter. */
export function sshTo(rig: Rig, host: SparkHost, command: string, options: LoginOptions & RunOptions = {}): Promise<Outcome> {
  return run(sshWords(rig, host, command, options), options);
}

export type LiveSession = Readonly<{ child: ChildProcess; output(): string; ended: Promise<number | null> }>;

/** Starts a command over SSH and leaves it running, so that a test can end the session in the middle (`child.kill`). */
export function openSession(rig: Rig, host: SparkHost, command: string, options: LoginOptions = {}): LiveSession {
  const [file, ...words] = sshWords(rig, host, command, options);
  const child = spawn(file ?? 'ssh', words, { stdio: 'pipe' });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, output: () => text, ended };
}

/** Waits until the model server of a host answers `/health` with 200. */
export function serves(host: SparkHost, port = 8000): Promise<boolean> {
  return eventually(`http://${host.address}:${port}/health`, async () => (await healthOf(host, port)) === 200);
}

/** Status of `/health`, or `null` when nobody answers. */
export async function healthOf(host: SparkHost, port = 8000): Promise<number | null> {
  try {
    const response = await fetch(`http://${host.address}:${port}/health`, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return null;
  }
}
