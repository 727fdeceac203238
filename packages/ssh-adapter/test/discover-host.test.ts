import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { discoverHost } from '../src/index.ts';
import { LocalHost } from './support/local-shell.ts';

const SIGNAL = new AbortController().signal;

describe('what is found on a host', function () {
  this.timeout(30_000);
  let host: LocalHost;
  beforeEach(() => {
    host = new LocalHost();
    for (const name of ['docker', 'ss', 'ip', 'nvidia-smi', 'curl']) host.program(name, 'exit 1');
    for (const folder of ['opt', 'srv']) mkdirSync(join(host.root, folder));
  });
  afterEach(() => host.close());

  const look = () => discoverHost(host, SIGNAL, host.root);
  const launcher = (path: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '#!/bin/sh\n');
  };

  it('is a pair of launchers, containers with their ports, the fast link, the GPU and what serves', async () => {
    launcher(join(host.home, 'spark-vllm-docker/launch-cluster.sh'));
    launcher(join(host.root, 'opt/spark/launch-cluster.sh'));
    launcher(join(host.home, 'a/b/c/d/e/launch-cluster.sh'));
    host.program(
      'docker',
      'echo "WARNING: odd config file" >&2\n' +
        'printf "vllm_node\\tvllm-node:latest\\t\\n"\n' +
        'printf "parakeet-asr\\tparakeet:1\\t0.0.0.0:5092->5092/tcp, [::]:5092->5092/tcp\\n"\n' +
        'printf "open-webui\\tghcr/open-webui\\t0.0.0.0:12000->8080/tcp\\n"',
    );
    host.program('ss', 'printf "LISTEN 0 4096 0.0.0.0:22 0.0.0.0:*\\nLISTEN 0 128 [::]:8888 [::]:*\\nLISTEN 0 5 *:22 *:*\\n"');
    host.file('sys/class/net/lo/speed', '').file('sys/class/net/eth0/speed', '10000\n').file('sys/class/net/enp1s0f0np0/speed', '200000\n');
    host.program('ip', 'shift 4; echo "3: $1    inet 192.168.177.11/24 brd 192.168.177.255 scope global $1"');
    host.program('nvidia-smi', 'echo "NVIDIA GB10"');
    host.program('curl', 'case "$*" in *:8888/*) echo "{\\"data\\":[{\\"id\\":\\"qwen\\"}]}";; *:8000/*) echo "<html>";; *) exit 7;; esac');
    const { user, hostname, ...found } = await look();
    expect([user, hostname].every((text) => text !== '')).to.equal(true);
    expect(found).to.deep.equal({
      launchers: ['~/spark-vllm-docker', join(host.root, 'opt/spark')],
      containers: [
        { name: 'vllm_node', image: 'vllm-node:latest', ports: [] },
        { name: 'parakeet-asr', image: 'parakeet:1', ports: [5092] },
        { name: 'open-webui', image: 'ghcr/open-webui', ports: [12000] },
      ],
      dockerProblem: null,
      listening: [22, 8888],
      fabric: [{ name: 'enp1s0f0np0', address: '192.168.177.11', gigabits: 200 }],
      gpus: ['NVIDIA GB10'],
      serving: [{ port: 8888, models: ['qwen'] }],
    });
  });

  it('is nothing on a bare host, without a complaint', async () => {
    const { launchers, containers, listening, fabric, gpus, serving } = await look();
    expect([launchers, containers, listening, fabric, gpus, serving]).to.deep.equal([[], null, [], [], [], []]);
  });

  const refusals = [
    ['permission denied while trying to connect to the Docker daemon socket', 'usermod -aG docker'],
    ['docker: not found', 'not installed'],
    ['Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?', 'systemctl start docker'],
    ['something else', 'does not answer'],
  ] as const;
  for (const [said, says] of refusals) {
    it(`is why Docker does not answer: ${says}`, async () => {
      host.program('docker', `echo "${said}" >&2; exit 1`);
      expect((await look()).dockerProblem).to.contain(says);
    });
  }
});
