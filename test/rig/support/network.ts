import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { firstLine, must, run } from './commands.ts';

/**
 * A switch in a network namespace of its own, because a Docker daemon on the machine would filter frames of a bridge
 * beside it. The namespace is held by one process, and goes with it, links included.
 */
export type RigNetwork = Readonly<{
  /** First three bytes, for example `10.77.0`. The test process is `.1`. */
  subnet: string;
  /** Plugs a host in: gives the network namespace of `pid` an `eth0` with `subnet.lastByte`. */
  connect(port: string, pid: number, lastByte: number): Promise<string>;
  /** Pulls or plugs the cable of a port. */
  setLink(port: string, state: 'up' | 'down'): Promise<void>;
  stop(): Promise<void>;
}>;

const LINK = 'sprig';

export async function startNetwork(): Promise<RigNetwork> {
  const holder = spawn('unshare', ['--net', 'bash', '-c', 'echo up; read -r _'], { stdio: 'pipe' });
  await firstLine(holder, 'the namespace of the switch');
  const pid = holder.pid ?? 0;
  const inSwitch = (...words: string[]): Promise<string> => must(['nsenter', `--net=/proc/${pid}/ns/net`, 'ip', ...words]);
  await inSwitch('link', 'add', 'switch', 'type', 'bridge', 'stp_state', '0', 'forward_delay', '0');
  await inSwitch('link', 'set', 'switch', 'up');
  const number = await joinFromRoot(pid);
  const subnet = `10.77.${number}`;
  await inSwitch('link', 'set', 'root', 'master', 'switch', 'up');
  return {
    subnet,
    async connect(port, hostPid, lastByte) {
      await inSwitch('link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(hostPid));
      await inSwitch('link', 'set', port, 'master', 'switch', 'up');
      const address = `${subnet}.${lastByte}`;
      const inHost = ['nsenter', `--net=/proc/${hostPid}/ns/net`, 'ip'];
      await must([...inHost, 'address', 'add', `${address}/24`, 'dev', 'eth0']);
      await must([...inHost, 'link', 'set', 'eth0', 'up']);
      return address;
    },
    async setLink(port, state) {
      await inSwitch('link', 'set', port, state);
    },
    stop: () => end(holder),
  };
}

/** The name of the link is the claim on a subnet: the kernel lets only one rig have it. */
async function joinFromRoot(switchPid: number): Promise<number> {
  for (let number = 0; number < 16; number++) {
    const name = `${LINK}${number}`;
    const added = await run(['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'root', 'netns', String(switchPid)]);
    if (added.code !== 0) {
      if (/exists/.test(added.stderr)) continue;
      throw new Error(`a virtual link cannot be made: ${added.stderr.trim()}`);
    }
    await must(['ip', 'address', 'add', `10.77.${number}.1/24`, 'dev', name]);
    await must(['ip', 'link', 'set', name, 'up']);
    return number;
  }
  throw new Error('sixteen rigs run already; end them first');
}

async function end(holder: ChildProcess): Promise<void> {
  if (holder.exitCode !== null || holder.signalCode !== null) return;
  const closed = once(holder, 'close');
  holder.kill('SIGKILL');
  await closed;
}
