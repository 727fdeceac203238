import { readFileSync } from 'node:fs';
import { clusterKey, LABELS } from '@spark-control/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { parseHelp } from '../src/launcher-script.ts';
import { parseModelProcesses } from '../src/model-processes.ts';
import { parkedName, parseParkedName } from '../src/parked-name.ts';
import { identityOf, parseInspected } from '../src/parse-containers.ts';
import { parseFreeBytes } from '../src/parse-df.ts';
import { parseMeminfo } from '../src/parse-meminfo.ts';
import { parseGpu } from '../src/parse-nvidia-smi.ts';
import { describePortOwner, parsePortSection } from '../src/port-section.ts';
import { parseWeights } from '../src/weights-section.ts';

const fixture = (name: string): string => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8');
const ID = 'a'.repeat(64);

describe('the parser of /proc/meminfo', () => {
  it('reads bytes', () => {
    const figures = parseMeminfo(fixture('meminfo.txt'));
    expect(figures.get('MemTotal')).to.equal(127_600_748 * 1024);
    expect(figures.get('MemAvailable')).to.equal(118_033_024 * 1024);
    expect(figures.get('Active(anon)')).to.equal(1_902_336 * 1024);
    expect(figures.get('Nonsense')).to.equal(undefined);
  });
});

describe('the parser of nvidia-smi', () => {
  it('reads what a GB10 reports', () => {
    expect(
      parseGpu('NVIDIA GB10, 580.95.05, 37, 52, 11.47, 2411\n', '4711, VLLM::EngineCore, 98304\n812, /usr/lib/xorg/Xorg, [N/A]\n'),
    ).to.deep.equal({
      name: 'NVIDIA GB10',
      driver: '580.95.05',
      utilizationPercent: 37,
      temperatureC: 52,
      powerW: 11.47,
      smClockMHz: 2411,
      processes: [
        { pid: 4711, name: 'VLLM::EngineCore', usedBytes: 98_304 * 2 ** 20 },
        { pid: 812, name: '/usr/lib/xorg/Xorg', usedBytes: null },
      ],
    });
  });

  for (const spelling of [
    '[N/A]',
    'N/A',
    '[Not Supported]',
    'Not Supported',
    '',
    '[Unknown Error]',
    '[Insufficient Permissions]',
    'ERR!',
  ]) {
    it(`reads ${JSON.stringify(spelling)} as not reported, field by field`, () => {
      const gpu = parseGpu(`NVIDIA GB10, 580.95.05, ${spelling}, ${spelling}, ${spelling}, 0\n`, '');
      expect(gpu).to.include({ name: 'NVIDIA GB10', utilizationPercent: null, temperatureC: null, powerW: null, smClockMHz: 0 });
    });
  }

  it('finds no GPU where there is none', () => {
    expect(parseGpu('', '')).to.equal(null);
    expect(parseGpu('NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver\n', '')).to.equal(null);
  });

  it('keeps commas in the name of a process', () => {
    expect(parseGpu('a, b, 1, 2, 3, 4', '7, python -c a,b, 12\n')?.processes).to.deep.equal([
      { pid: 7, name: 'python -c a,b', usedBytes: 12 * 2 ** 20 },
    ]);
  });
});

describe('the parser of df', () => {
  it('takes the file system with the least room, whatever its name', () => {
    const text = `Filesystem     1024-blocks      Used Available Capacity Mounted on
/dev/nvme0n1p2   3843544064 900000000 2943544064      24% /
//nas/my files      1000000    400000     600000      40% /mnt/my 50% files
`;
    expect(parseFreeBytes(text)).to.equal(600_000 * 1024);
  });

  it('is null when there was no answer', () => {
    expect(parseFreeBytes('df: /nowhere: No such file or directory\n')).to.equal(null);
  });
});

describe('the parser of the port section', () => {
  const listen = `LISTEN 0 2048 0.0.0.0:8000 0.0.0.0:* users:(("vllm",pid=4711,fd=23))`;
  const containers = [{ id: ID, name: 'vllm_node' }];
  const cases = [
    { text: '\n', owner: null, what: 'nobody' },
    { text: 'ss failed\n', owner: null, what: 'could not tell' },
    { text: `${listen}\nowner 4711 ${ID} vllm\n`, owner: 'container vllm_node', what: 'a container' },
    { text: `${listen}\nowner 4711 - python3\n`, owner: 'python3 (pid 4711)', what: 'a bare process' },
    { text: `${listen}\nowner 4711 ${'b'.repeat(64)} vllm\n`, owner: 'vllm (pid 4711)', what: 'a container of another engine' },
    { text: 'LISTEN 0 2048 *:8000 *:*\n', owner: 'an unknown process', what: 'a process of another user' },
    {
      text: 'LISTEN 0 4096 0.0.0.0:8000 0.0.0.0:* \n',
      candidates: ['gemma'],
      owner: 'container gemma',
      what: 'a container whose process may not be named',
    },
    {
      text: `LISTEN 0 4096 *:8000 *:*\nowner 99 - docker-proxy\n`,
      candidates: ['gemma'],
      owner: 'container gemma',
      what: "Docker's forwarder",
    },
  ];
  for (const { text, owner, what, candidates = [] } of cases) {
    it(`names the owner: ${what}`, () => {
      expect(describePortOwner(parsePortSection(text), containers, candidates)).to.equal(owner);
    });
  }
});

describe('the parser of the process list', () => {
  const kinds = [
    { args: '/usr/bin/python3 /usr/local/bin/vllm serve org/model --port 8001 -tp 2', kind: 'server', port: 8001 },
    { args: 'node /usr/local/bin/vllm serve org/model --port=9000', kind: 'server', port: 9000 },
    { args: 'vllm serve org/model', kind: 'server', port: 8000 },
    { args: 'vllm serve org/model --nnodes 2 --node-rank 1 --headless', kind: 'server', port: null },
    { args: 'python3 -m vllm.entrypoints.openai.api_server --model x', kind: 'server', port: 8000 },
    { args: 'VLLM::EngineCore', kind: 'engine', port: 8000 },
    { args: 'VLLM::Worker_TP0', kind: 'engine', port: 8000 },
    { args: '/opt/ray/raylet/raylet --raylet_socket_name=x', kind: 'ray', port: 8000 },
  ] as const;
  for (const { args, kind, port } of kinds) {
    it(`takes ${JSON.stringify(args)} for ${kind}`, () => {
      expect(parseModelProcesses(`42 ${ID} 7 ${args}\n`)).to.deep.equal([{ pid: 42, containerId: ID, innerPid: 7, kind, port }]);
    });
  }

  for (const args of [
    'bash -c vllm serve org/model',
    '/bin/sh /tmp/x vllm serve',
    'tail -f /var/log/vllm.log',
    'vllm bench latency',
    'grep vllm serve',
  ]) {
    it(`takes ${JSON.stringify(args)} for no model server`, () => {
      const found = parseModelProcesses(`42 ${ID} - ${args}\n`);
      if (args.startsWith('grep')) expect(found.map(({ kind }) => kind)).to.deep.equal(['server']);
      else expect(found).to.deep.equal([]);
    });
  }
});

describe('the parser of docker inspect', () => {
  const labels = {
    [LABELS.cluster]: 'pair',
    [LABELS.model]: 'qwen',
    [LABELS.swap]: 'swp_1',
    [LABELS.fence]: '7',
    [LABELS.controller]: 'c1',
    [LABELS.digest]: 'd1',
  };

  it('reads containers and passes over what is no JSON', () => {
    const found = parseInspected(`Error: No such object: deadbeef\n${fixture('docker-inspect.jsonl')}{"half":\n`);
    expect(
      found.map(({ name, status, startedAt, exitCode, isAutoRemoved, publishedPorts }) => ({
        name,
        status,
        startedAt,
        exitCode,
        isAutoRemoved,
        publishedPorts,
      })),
    ).to.deep.equal([
      {
        name: 'vllm_node',
        status: 'running',
        startedAt: Date.parse('2026-09-20T10:11:12.5Z'),
        exitCode: null,
        isAutoRemoved: true,
        publishedPorts: [],
      },
      {
        name: 'vllm-gemma4',
        status: 'exited',
        startedAt: Date.parse('2026-09-20T09:00:00Z'),
        exitCode: 137,
        isAutoRemoved: false,
        publishedPorts: [8000, 8000],
      },
      { name: 'never', status: 'created', startedAt: null, exitCode: null, isAutoRemoved: false, publishedPorts: [] },
    ]);
  });

  it('takes a container for ours only when every label is there and names the cluster', () => {
    expect(identityOf(labels, clusterKey('pair'))).to.deep.equal({
      model: 'qwen',
      swap: 'swp_1',
      fence: 7,
      controller: 'c1',
      digest: 'd1',
    });
    expect(identityOf(labels, clusterKey('other'))).to.equal(null);
    for (const missing of Object.values(LABELS)) {
      const { [missing]: _, ...rest } = labels as Record<string, string>;
      expect(identityOf(rest, clusterKey('pair')), missing).to.equal(null);
    }
    expect(identityOf({ ...labels, [LABELS.fence]: 'seven' }, clusterKey('pair'))).to.equal(null);
  });
});

describe('the name of a container that was set aside', () => {
  it('tells what it was called, for which cluster and under which fence', () => {
    const name = parkedName('vllm-gemma4', clusterKey('pair'), 12);
    expect(name).to.match(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/);
    expect(parseParkedName(name, clusterKey('pair'))).to.deep.equal({ original: 'vllm-gemma4', fence: 12 });
    expect(parseParkedName(name, clusterKey('pai'))).to.equal(null);
    expect(parseParkedName('vllm-gemma4', clusterKey('pair'))).to.equal(null);
  });
});

describe("the parser of the launcher's help", () => {
  it('tells the generations apart, and a missing launcher', () => {
    expect(parseHelp(`found /home/spark/l/launch-cluster.sh\n${fixture('help-modern.txt')}`)).to.deep.equal({
      path: '/home/spark/l/launch-cluster.sh',
      generation: 'modern',
    });
    expect(parseHelp(`found /l/launch-cluster.sh\n${fixture('help-legacy.txt')}`)).to.deep.equal({
      path: '/l/launch-cluster.sh',
      generation: 'legacy',
    });
    expect(parseHelp('')).to.equal(null);
  });
});

describe('every parser', () => {
  it('takes any text without throwing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        parseMeminfo(text);
        parseGpu(text, text);
        parseFreeBytes(text);
        describePortOwner(parsePortSection(text), [], []);
        parseModelProcesses(text);
        parseInspected(`{${text}\n${text}`);
        parseHelp(text);
        parseWeights(text);
      }),
      { numRuns: process.env['SPARK_PROVE'] === '1' ? 20_000 : 500 },
    );
  });
});
