import { type Clock, type Host, type Logger, silentLogger } from '@spark-control/core';
import type { RemoteShell } from './remote-shell.ts';
import { SshShell } from './ssh-shell.ts';

export type ShellPoolOptions = Readonly<{
  clock: Clock;
  logger?: Logger;
  /** 0..1, for the jitter of the back-off. Default: none. */
  random?: () => number;
  /** Value of SSH_AUTH_SOCK, for hosts without a key file. Default: no agent. */
  agentSocket?: string | null;
}>;

/** One shell, and so one connection, per way to log in to a host, shared by all clusters that name it. */
export class ShellPool {
  readonly #options: ShellPoolOptions;
  readonly #shells = new Map<string, SshShell>();

  constructor(options: ShellPoolOptions) {
    this.#options = options;
  }

  /** The shell of a host. Changed login settings (a new pin, another key) make a new one, so an old refusal does not stick. */
  shell(host: Host): RemoteShell {
    const key = JSON.stringify([host.key, host.address, host.sshPort, host.user, host.identityFile, host.fingerprint]);
    const known = this.#shells.get(key);
    if (known !== undefined) return known;
    const { clock, logger = silentLogger, random = () => 0, agentSocket = null } = this.#options;
    const shell = new SshShell({ host, clock, logger, random, agentSocket });
    this.#shells.set(key, shell);
    return shell;
  }

  /** Lets hosts that refused us (login or host key) be tried again, on a person's request. */
  forgetRefusals(): void {
    for (const shell of this.#shells.values()) shell.forgetRefusal();
  }

  /** Ends all connections. Running calls settle with an unknown outcome; later ones are rejected. */
  async close(): Promise<void> {
    await Promise.all([...this.#shells.values()].map((shell) => shell.close()));
  }
}
