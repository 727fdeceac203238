import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Rig } from './rig.ts';
import { LOGIN, type SparkHost } from './spark-host.ts';

/** One call of a program on a host: its name and its words, as it saw them. */
export type SeenCall = readonly string[];

/** Writes every call of a program down, the number of its words first: no word can be mistaken for two. */
const logged = (name: string): string => `{ printf '%s\\0' "$(($# + 1))" ${name} "$@"; } >>/run/rig/sim/calls`;

/**
 * Eyes on the hosts: what docker and the hub's client are called with, and a program that is only there to be called by mistake.
 * With `dry`, no container is started: the call is written down and refused.
 */
export class Canary {
  readonly #hosts: readonly SparkHost[];
  readonly #dockers: readonly string[];

  constructor({ hosts }: Rig) {
    this.#hosts = hosts;
    this.#dockers = hosts.map((host) => readFileSync(join(host.directory, 'bin', 'docker'), 'utf8'));
    for (const [index, host] of hosts.entries()) {
      const dry = `if [ -e /run/rig/sim/dry ]; then case " $1 $2 " in ' run '* | ' create '* | ' container run ' | ' container create ') echo 'not today' >&2; exit 125 ;; esac; fi`;
      const [first = '', ...rest] = (this.#dockers[index] ?? '').split('\n');
      // In place: the mounts over the client follow the inode.
      writeFileSync(join(host.directory, 'bin', 'docker'), [first, logged('docker'), dry, ...rest].join('\n'));
      program(
        join(host.directory, 'bin', 'hf'),
        `${logged('hf')}\necho 'Error: Repository Not Found for url: /api/models (404 Client Error).'; exit 1`,
      );
      program(join(host.directory, 'bin', 'spark-pwned'), `echo "$0 $*" >>/tmp/spark-pwned`);
    }
    this.reset();
  }

  reset(): void {
    for (const host of this.#hosts) {
      const file = join(host.directory, 'sim', 'calls');
      writeFileSync(file, '');
      chmodSync(file, 0o666);
    }
  }

  dry(isDry: boolean): void {
    for (const host of this.#hosts) {
      const file = join(host.directory, 'sim', 'dry');
      if (isDry) writeFileSync(file, '');
      else rmSync(file, { force: true });
    }
  }

  /** Calls since the last reset, of all hosts. */
  calls(): readonly SeenCall[] {
    return this.#hosts.flatMap((host) => parseCalls(readFileSync(join(host.directory, 'sim', 'calls'), 'utf8')));
  }

  /** Hosts on which a command ran that nobody meant to run. Each is told once. */
  victims(): readonly string[] {
    const found = this.#hosts.filter((host) => marks(host).some((path) => existsSync(path)));
    for (const host of found) for (const path of marks(host)) rmSync(path, { force: true });
    return found.map(({ name }) => name);
  }

  remove(): void {
    this.dry(false);
    for (const [index, host] of this.#hosts.entries()) {
      writeFileSync(join(host.directory, 'bin', 'docker'), this.#dockers[index] ?? '');
      for (const file of ['bin/hf', 'bin/spark-pwned', 'sim/calls']) rmSync(join(host.directory, file), { force: true });
    }
  }
}

/** In the host, in a container of it, and where the login user stands. */
const marks = (host: SparkHost): readonly string[] => [
  `/proc/${host.pid}/root/tmp/spark-pwned`,
  join(host.directory, 'sim', 'spark-pwned'),
  join(host.directory, 'home', LOGIN.user, 'spark-pwned'),
];

function program(path: string, text: string): void {
  writeFileSync(path, `#!/bin/bash\n${text}\n`, { mode: 0o755 });
}

function parseCalls(text: string): readonly SeenCall[] {
  const words = text.split('\0');
  const calls: SeenCall[] = [];
  for (let at = 0; at < words.length - 1; ) {
    const count = Number(words[at]);
    if (!Number.isInteger(count) || count < 1)
      throw new Error(`the record of calls is damaged at ${JSON.stringify(words.slice(at, at + 3))}`);
    calls.push(words.slice(at + 1, at + 1 + count));
    at += 1 + count;
  }
  return calls;
}
