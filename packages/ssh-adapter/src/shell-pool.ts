import { type Clock, type Host, type Logger, silentLogger, type TrustStore } from '@spark-control/core';
import type { RemoteShell } from './remote-shell.ts';
import { SshShell } from './ssh-shell.ts';

export type ShellPoolOptions = Readonly<{
  clock: Clock;
  logger?: Logger;
  /** 0..1, for the jitter of the back-off. Default: none. */
  random?: () => number;
  /** Value of SSH_AUTH_SOCK, for hosts without a key file. Default: no agent. */
  agentSocket?: string | null;
  /** Pins of hosts whose configuration names none. A new one counts at once, for connections that are made from then on. */
  pins?: Pick<TrustStore, 'get'>;
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
    const shell = this.ownShell(host);
    this.#shells.set(key, shell);
    return shell;
  }

  /** A shell that shares its connection with nobody, for a test of the whole way to a host. Whoever asked for it closes it. */
  ownShell(host: Host): SshShell {
    const { clock, logger = silentLogger, random = () => 0, agentSocket = null } = this.#options;
    return new SshShell({ host, pin: () => this.pinOf(host), clock, logger, random, agentSocket });
  }

  /** The host key in force: that of the configuration, else the one that a person trusted. */
  pinOf(host: Host): string | null {
    return host.fingerprint ?? this.#options.pins?.get(host.key) ?? null;
  }

  get agentSocket(): string | null {
    return this.#options.agentSocket ?? null;
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
