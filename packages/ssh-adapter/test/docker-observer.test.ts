import { LABELS, SparkError } from '@spark-control/core';
import { expect } from 'chai';
import { aCluster } from '../../core/test/support/builders.ts';
import { asObservation, DockerObserver, type SeenContainer, type SeenHost } from '../src/docker-observer.ts';
import { type ParkingKind, parkingOf } from '../src/parking.ts';
import { printed, ScriptedShell } from './support/scripted-shell.ts';

const NEVER = new AbortController().signal;
const CLUSTER = aCluster({ launcher: 'launch_cluster', container: 'vllm_node', port: 8000 });
const [HEAD, WORKER] = CLUSTER.hosts.map(({ key }) => key);
const OURS = {
  [LABELS.cluster]: CLUSTER.key,
  [LABELS.model]: 'qwen',
  [LABELS.swap]: 'swp_1',
  [LABELS.fence]: '7',
  [LABELS.controller]: 'c1',
  [LABELS.digest]: 'd1',
};

type Container = Readonly<{
  name: string;
  labels?: Record<string, string>;
  status?: string;
  rm?: boolean;
  ports?: Record<string, { HostPort: string }[]>;
}>;
const idOf = (name: string): string => Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64);
const inspected = ({ name, labels = {}, status = 'running', rm = false, ports = {} }: Container): string =>
  JSON.stringify({
    id: idOf(name),
    name: `/${name}`,
    image: 'i',
    labels,
    status,
    started: '2026-09-20T10:00:00Z',
    exit: 3,
    auto_remove: rm,
    ports,
  });
const process = (container: string, args: string, inner = 7): string => `4711 ${idOf(container)} ${inner} ${args}`;

type Scene = Readonly<{ containers?: readonly Container[]; processes?: readonly string[]; port?: string }>;
const output = ({ containers = [], processes = [], port = '' }: Scene): string =>
  [
    '\u001ememory\nMemAvailable:  1000 kB\n',
    `\u001econtainers\n${containers.map(inspected).join('\n')}\n`,
    `\u001eprocesses\n${processes.join('\n')}\n`,
    `\u001eport\n${port}\n`,
    '\u001eend\n',
  ].join('');

async function look(scene: Scene, host = HEAD!): Promise<Extract<SeenHost, { reachable: true }>> {
  const seen = await new DockerObserver(CLUSTER).look(host, new ScriptedShell('spark1', () => printed(output(scene))), NEVER);
  return seen.reachable ? seen : expect.fail(seen.reason);
}
const only = async (scene: Scene, host = HEAD!): Promise<SeenContainer> => {
  const { containers } = await look(scene, host);
  expect(containers).to.have.length(1);
  return containers[0]!;
};

describe('what one look at a host shows', () => {
  const states = [
    { status: 'created', state: 'starting' },
    { status: 'running', state: 'unhealthy' },
    { status: 'running', state: 'running', processes: [process('vllm_node', '/usr/bin/python3 /usr/local/bin/vllm serve org/m')] },
    { status: 'running', state: 'running', processes: [process('vllm_node', 'VLLM::EngineCore')] },
    { status: 'running', state: 'unhealthy', processes: [process('another', 'vllm serve org/m')] },
    { status: 'running', state: 'unhealthy', processes: [process('vllm_node', '/opt/ray/raylet')] },
    { status: 'paused', state: 'unhealthy' },
    { status: 'restarting', state: 'unhealthy' },
    { status: 'removing', state: 'stopping' },
    { status: 'exited', state: 'absent' },
    { status: 'dead', state: 'absent' },
  ] as const;
  for (const { status, state, ...rest } of states) {
    const processes = 'processes' in rest ? rest.processes : [];
    it(`a ${status} container with ${processes.length === 0 ? 'no process' : processes[0]} is ${state}`, async () => {
      expect(await only({ containers: [{ name: 'vllm_node', labels: OURS, status }], processes })).to.include({ state });
    });
  }

  it('on a worker, a Ray node is what runs there in place of the server', async () => {
    const scene = { containers: [{ name: 'vllm_node', labels: OURS }], processes: [process('vllm_node', '/opt/ray/raylet')] };
    expect(await only(scene, WORKER)).to.include({ state: 'running' });
  });

  it('tells ours by its labels, not by its name', async () => {
    expect((await only({ containers: [{ name: 'vllm_node', labels: OURS }] })).identity).to.include({ model: 'qwen', fence: 7 });
    expect((await only({ containers: [{ name: 'vllm_node' }] })).identity).to.equal(null);
    expect((await only({ containers: [{ name: 'renamed', labels: OURS }] })).identity).to.include({ model: 'qwen' });
  });

  it('tells what was set aside by its mark', async () => {
    const name = `vllm_node.parked-by-${CLUSTER.key}.12`;
    expect(await only({ containers: [{ name, status: 'exited' }] })).to.include({ parked: true, parkedAs: 'vllm_node', state: 'absent' });
  });

  const bystanders = [
    { what: 'a container that serves no model', containers: [{ name: 'qdrant' }], processes: [] },
    {
      what: 'a model server on another port',
      containers: [{ name: 'small' }],
      processes: [process('small', 'vllm serve org/s --port 8001')],
    },
    {
      what: 'a model server whose published port is another',
      containers: [{ name: 'small', ports: { '8000/tcp': [{ HostPort: '8001' }] } }],
      processes: [process('small', 'vllm serve org/s')],
    },
  ];
  for (const { what, containers, processes } of bystanders) {
    it(`leaves out ${what}`, async () => {
      expect((await look({ containers, processes })).containers).to.deep.equal([]);
    });
  }

  const inTheWay = [
    { what: 'that loads for our port', containers: [{ name: 'mine' }], processes: [process('mine', 'vllm serve org/m --port 8000')] },
    { what: 'on the default port, which is ours', containers: [{ name: 'mine' }], processes: [process('mine', 'vllm serve org/m')] },
    {
      what: 'that publishes our port',
      containers: [{ name: 'mine', ports: { '9000/tcp': [{ HostPort: '8000' }] } }],
      processes: [process('mine', 'vllm serve org/m --port 9000')],
    },
    {
      what: 'of another make that holds our port',
      containers: [{ name: 'mine' }],
      processes: [],
      port: `LISTEN 0 9 *:8000 *:*\nowner 12 ${idOf('mine')} llama-server`,
    },
  ];
  for (const { what, ...scene } of inTheWay) {
    it(`shows a model server of somebody else ${what}`, async () => {
      expect(await only(scene)).to.include({ name: 'mine', identity: null });
    });
  }

  it('on a worker, takes no notice of a server of its own, only of a rank of somebody else', async () => {
    const alone = { containers: [{ name: 'mine' }], processes: [process('mine', 'vllm serve org/m')] };
    expect((await look(alone, WORKER)).containers).to.deep.equal([]);
    const rank = { containers: [{ name: 'mine' }], processes: [process('mine', 'vllm serve org/m --node-rank 1 --headless')] };
    expect(await only(rank, WORKER)).to.include({ name: 'mine', state: 'running' });
  });

  it('names the container behind the port even when the process may not be named', async () => {
    const scene = { containers: [{ name: 'mine' }], processes: [process('mine', 'vllm serve org/m')], port: 'LISTEN 0 9 *:8000 *:*' };
    expect((await look(scene)).portOwner).to.equal('container mine');
  });

  const failures = [
    { what: 'Docker does not answer', answer: printed('\u001ememory\nMemAvailable: 1 kB\n\u001eno_docker\n'), code: 'RUNTIME_REJECTED' },
    { what: 'the answer is only half there', answer: printed(output({}).replace('\u001eend\n', '')), code: 'RUNTIME_REJECTED' },
    {
      what: 'the outcome is unknown',
      answer: { exitCode: null, stdout: output({}), stderr: '', truncated: false },
      code: 'HOST_UNREACHABLE',
    },
    { what: 'the login is refused', answer: new SparkError('HOST_AUTH_FAILED', 'no'), code: 'HOST_AUTH_FAILED' },
  ];
  for (const { what, answer, code } of failures) {
    it(`is "not known", never "nothing there", when ${what}`, async () => {
      const seen = await new DockerObserver(CLUSTER).look(HEAD!, new ScriptedShell('spark1', () => answer), NEVER);
      expect(seen).to.include({ reachable: false, code });
    });
  }

  it('gives the port no more than it promises', async () => {
    const seen = asObservation(await look({ containers: [{ name: 'vllm_node', labels: OURS, status: 'exited' }] }));
    if (!seen.reachable) return expect.fail(seen.reason);
    expect(seen).to.have.all.keys('host', 'reachable', 'containers', 'portOwner', 'memAvailableBytes');
    expect(seen.containers[0]).to.have.all.keys(
      ...['host', 'id', 'name', 'image', 'state', 'identity', 'parked', 'restorable', 'startedAt', 'exitCode'],
    );
    expect(seen.containers[0]).to.include({ exitCode: 3, startedAt: Date.parse('2026-09-20T10:00:00Z') });
    expect(seen.memAvailableBytes).to.equal(1000 * 1024);
  });
});

describe('how a container that is not ours is set aside', () => {
  const server = 'vllm serve org/m';
  const cases: readonly Readonly<{
    what: string;
    kind: ParkingKind;
    restorable: boolean;
    container: Omit<Container, 'name'>;
    processes: readonly string[];
  }>[] = [
    { what: 'docker run', kind: 'stop', restorable: true, container: {}, processes: [process('vllm_node', server, 1)] },
    { what: 'docker run --rm', kind: 'lose', restorable: false, container: { rm: true }, processes: [process('vllm_node', server, 1)] },
    {
      what: 'docker exec into an idle --rm container',
      kind: 'keep',
      restorable: true,
      container: { rm: true },
      processes: [process('vllm_node', server, 7)],
    },
    {
      what: 'docker exec into an idle container',
      kind: 'keep',
      restorable: true,
      container: {},
      processes: [process('vllm_node', server, 7)],
    },
    { what: 'an idle --rm container', kind: 'rename', restorable: true, container: { rm: true }, processes: [] },
    { what: 'a stopped container', kind: 'rename', restorable: true, container: { status: 'exited' }, processes: [] },
    {
      what: 'a Ray cluster in --rm containers',
      kind: 'lose',
      restorable: false,
      container: { rm: true },
      processes: [process('vllm_node', server), process('vllm_node', '/opt/raylet')],
    },
    { what: 'another engine under our name', kind: 'stop', restorable: true, container: {}, processes: [] },
  ];
  for (const { what, kind, restorable, container, processes } of cases) {
    it(`${what}: ${kind}`, async () => {
      const seen = await only({ containers: [{ name: 'vllm_node', ...container }], processes });
      expect(parkingOf(seen)).to.equal(kind);
      expect(seen.restorable).to.equal(restorable);
    });
  }
});
