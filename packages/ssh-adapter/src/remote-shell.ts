import { SparkError } from '@spark-control/core';

/**
 * What a script left behind. `exitCode: null` means that the outcome is UNKNOWN (the link was lost, the time was over,
 * the shell was killed): never read it as success, ask the host what is true instead.
 */
export type ShellResult = Readonly<{
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** Output went over `maxOutputBytes`; what is here is its beginning. */
  truncated: boolean;
}>;

export type RunOptions = Readonly<{
  /** Over all: waiting for a connection and a free channel, and the run itself. */
  timeoutMs: number;
  /** Per stream. Default 4 MiB. */
  maxOutputBytes?: number;
  /** During back-off: wait for the next connection (up to `timeoutMs`) instead of failing at once. Default false. */
  wait?: boolean;
  signal: AbortSignal;
}>;

/**
 * Runs POSIX sh scripts on one host. A script travels over standard input, so nothing of it, secrets least of all,
 * shows in any process list, and values need quoting once, for sh, whatever the login shell is. It runs with its standard
 * input at /dev/null, and ends with TERM as soon as the link or the caller goes away.
 *
 * Contract: `run` rejects with HOST_UNREACHABLE, HOST_AUTH_FAILED, HOST_KEY_UNKNOWN or HOST_KEY_MISMATCH when no
 * connection was had (then nothing ran), and with `signal.reason` soon after an abort.
 */
export interface RemoteShell {
  readonly host: string;
  run(script: string, options: RunOptions): Promise<ShellResult>;
  /** Runs until the script ends or `signal` aborts (then it resolves with `exitCode: null`). Both output streams go to `onChunk`. */
  stream(script: string, onChunk: (chunk: Buffer) => void, signal: AbortSignal): Promise<Readonly<{ exitCode: number | null }>>;
  close(): Promise<void>;
}

/** The result of a script that ended; an unknown outcome becomes HOST_UNREACHABLE, to be answered by asking again. */
export function knownOutcome(shell: RemoteShell, result: ShellResult, what: string): ShellResult & Readonly<{ exitCode: number }> {
  if (result.exitCode === null) {
    throw new SparkError('HOST_UNREACHABLE', `The connection to ${shell.host} ended during: ${what}. Whether it was done is not known.`, {
      details: { host: shell.host },
    });
  }
  return { ...result, exitCode: result.exitCode };
}
