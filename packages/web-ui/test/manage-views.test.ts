import { expect } from 'chai';
import { initialManageState } from '../src/manage/state.ts';
import { hostScreenView } from '../src/manage/view-models/host.ts';
import { hintOf } from '../src/manage/view-models/knobs.ts';
import { operationScreenView } from '../src/manage/view-models/operation.ts';
import { resultView } from '../src/manage/view-models/result.ts';
import { initialState } from '../src/state.ts';
import { modelRows } from '../src/view-models/model-row.ts';
import { preflightView } from '../src/view-models/preflight.ts';
import type { Host, Operation } from '../src/wire.ts';
import { GIB, NOON } from './support/instants.ts';
import { aFlag } from './support/manage-builders.ts';
import { aCheck, aHost, aModel, anOperation, aPreflight, aStatus } from './support/wire-builders.ts';

const stateOf = (change = {}) => ({ ...initialState({ screen: 'overview' }, NOON), status: aStatus(change) });

describe('hostScreenView', () => {
  const view = (change: Partial<Host>, more = {}) =>
    hostScreenView(stateOf({ hosts: [aHost('spark-1', change)], ...more }), initialManageState(), 'spark-1');

  it('shows what a host is and how it is', () => {
    const facts = view({
      os: 'DGX OS 7.4.0',
      kernel: '6.17.0-1021-nvidia',
      load: { average_1m: 3.24, cpus: 20 },
      memory: {
        total_bytes: 128 * GIB,
        available_bytes: 26 * GIB,
        cached_bytes: 4 * GIB,
        swap_free_bytes: 16 * GIB,
        pressure_some_avg10: 2.5,
      },
      launcher: { path: '/home/nvidia/spark-vllm-docker', generation: 'modern', commit: '0123456789abcdef' },
    }).facts;
    expect(Object.fromEntries(facts)).to.deep.include({
      System: 'DGX OS 7.4.0',
      Kernel: '6.17.0-1021-nvidia',
      Load: '3.2 on 20 cores in the last minute',
      'Memory pressure': '2.5 % of the last 10 s spent waiting for memory',
      'Swap free': '16 GiB',
      Launcher: '/home/nvidia/spark-vllm-docker (modern, 0123456789)',
      'Up for': '1 d',
    });
  });

  it('leaves out what was not reported', () => {
    const bare = { gpu: null, memory: null, uptime_seconds: null, docker_version: null };
    expect(view(bare).facts.map(([name]) => name)).to.deep.equal(['Role', 'Login']);
    expect(view(bare).gpuFacts).to.deep.equal([]);
  });

  it('shows each file system once, with all that it is for; none of a host that cannot be asked', () => {
    const disk = { mount: '/', total_bytes: 400 * GIB, free_bytes: 100 * GIB };
    const disks: Host['disks'] = [
      { role: 'root', ...disk },
      { role: 'cache', ...disk },
      { role: 'docker', mount: '/data', total_bytes: 0, free_bytes: 0 },
    ];
    expect(view({ disks }).disks).to.deep.equal([
      { mount: '/', roles: 'system, weights', usedPercent: 75, text: '100 GiB of 400 GiB free' },
      { mount: '/data', roles: 'images', usedPercent: 0, text: '0 B of 0 B free' },
    ]);
    expect(view({ disks, reachable: false }).disks).to.deep.equal([]);
  });

  it('names the work on the host that runs now', () => {
    const operations = [
      anOperation({ id: 'op_1', kind: 'host_update', subject: 'spark-1' }),
      anOperation({ id: 'op_2', kind: 'host_reboot', subject: 'spark-2' }),
      anOperation({ id: 'op_3', kind: 'host_reboot', subject: 'spark-1', settled: true }),
      anOperation({ id: 'op_4', kind: 'model_download', subject: 'spark-1' }),
    ];
    expect(view({}, { operations }).running).to.deep.equal([{ id: 'op_1', title: 'Update spark-1' }]);
  });
});

describe('resultView', () => {
  it('writes values as people do, and sets sentences apart', () => {
    const result = {
      id: `sha256:7125cbc37125${'0'.repeat(52)}`,
      bytes: 17 * GIB,
      hosts: ['spark1', 'spark2'],
      changed: true,
      replaced: false,
      revision: null,
      warnings: ['The hosts differ.'],
      notice: 'The key stays readable.',
    };
    expect(resultView(result)).to.deep.equal({
      facts: [
        ['id', ['sha256:7125cbc37125']],
        ['bytes', ['17 GiB']],
        ['hosts', ['spark1', 'spark2']],
        ['changed', ['yes']],
      ],
      remarks: ['The hosts differ.', 'The key stays readable.'],
    });
    expect(resultView(null)).to.deep.equal({ facts: [], remarks: [] });
  });

  it('puts what was before what is', () => {
    const host = {
      host: 'spark1',
      rebooted: true,
      updated: false,
      kernel_before: '6.17',
      kernel: '6.18',
      driver_before: '580',
      driver: '580',
    };
    expect(resultView({ hosts: [host] }).facts).to.deep.equal([['hosts', ['spark1, rebooted, kernel 6.17 → 6.18, driver 580']]]);
  });
});

describe('operationScreenView', () => {
  const view = (change: Partial<Operation>) =>
    operationScreenView(stateOf(), { ...initialManageState(), known: { op_1: anOperation(change) } }, 'op_1');

  it('says how long it runs, and once it is over how long it took', () => {
    expect(view({}).row?.took).to.equal('for 1 min');
    expect(view({ settled: true, settled_at: anOperation().created_at }).row?.took).to.equal('0 s');
  });

  it('says what a cancel left behind, without calling what was begun left out', () => {
    const [part] = anOperation().parts;
    const stopped = view({ state: 'cancelled', settled: true, parts: part === undefined ? [] : [{ ...part, status: 'skipped' }] });
    expect(stopped.parts[0]?.mark.word).to.equal('stopped');
    expect(stopped.note).to.include('stays on the disk');
    expect(view({ kind: 'host_update', state: 'cancelled', settled: true }).note).to.include('stays done');
    expect(view({}).note).to.equal(null);
  });

  it('leads to what it was about', () => {
    const route = (change: Partial<Operation>) => view(change).subject?.route;
    expect(route({})).to.deep.equal({ screen: 'model', id: 'gemma-27b' });
    expect(route({ kind: 'host_reboot', subject: 'spark-1' })).to.deep.equal({ screen: 'host', id: 'spark-1' });
    expect(route({ kind: 'vector_restore', subject: 'qdrant' })).to.deep.equal({ screen: 'service', id: 'qdrant' });
    expect(route({ kind: 'nim_install', subject: 'spark-1' })).to.deep.equal({ screen: 'services' });
    expect(route({ kind: 'nim_install', subject: 'spark-1', result: { service: 'nim' } })).to.deep.equal({ screen: 'service', id: 'nim' });
  });
});

describe('what a swap would need', () => {
  const memory = {
    ...aPreflight().memory,
    lowest_utilization: 0.33,
    highest_utilization: 0.88,
    longest_context: 131_072,
    concurrency: 39.5,
    parts: [
      { name: 'weights', bytes: 30 * GIB, basis: 'measured' },
      { name: 'kv_cache', bytes: 2 * GIB, basis: 'estimated' },
    ],
  } as const;

  it('is said in sentences', () => {
    expect(preflightView(aPreflight({ memory: { ...memory, parts: [...memory.parts] } })).memoryFacts).to.deep.equal([
      'At least: weights 30 GiB, KV cache for one request 2.0 GiB.',
      '--gpu-memory-utilization: 0.33 is the lowest that holds it, 0.88 the highest that leaves the host its margin.',
      'Room for about 39 requests of the longest context at once.',
      'Longest single request that has room: 131,072 tokens.',
    ]);
    const unknown = { lowest_utilization: null, highest_utilization: null, longest_context: null, concurrency: null, parts: [] };
    expect(preflightView(aPreflight({ memory: { ...memory, ...unknown } })).memoryFacts).to.deep.equal([]);
  });

  it('offers what can be fetched from here, in place of the call of the API', () => {
    const hint = 'Download them first: POST /api/models/gemma-27b/download. The start would do so itself.';
    const view = preflightView(aPreflight({ checks: [aCheck({ name: 'weights', status: 'warn', hint })] }));
    expect(view).to.deep.include({ lacksWeights: true, lacksImage: false });
    expect(view.checks[0]?.hint).to.equal('Download them first. The start would do so itself.');
    const pull = 'Pull it on all hosts (POST /api/models/gemma-27b/pull-image), or copy it.';
    const other = preflightView(aPreflight({ checks: [aCheck({ name: 'image', status: 'fail', hint: pull })] }));
    expect(other).to.deep.include({ lacksWeights: false, lacksImage: true });
    expect(other.checks[0]?.hint).to.equal('Pull it on all hosts, or copy it.');
    expect(preflightView(aPreflight())).to.deep.include({ lacksWeights: false, lacksImage: false });
  });

  it('marks a model that would not fit in the list, but none of which nobody knows', () => {
    const models = [true, false, null].map((fits) => aModel(`m-${fits}`, { fits }));
    const state = { ...stateOf(), models: { value: models, loading: false, problem: null } };
    expect(modelRows(state).map(({ isTooBig }) => isTooBig)).to.deep.equal([false, true, false]);
  });
});

describe('hintOf', () => {
  it('says what a flag is and takes, in whole sentences', () => {
    const share = aFlag('gpu-memory-utilization', {
      ...{ type: 'number', minimum: 0, maximum: 1, exclusive_minimum: true },
      ...{ description: 'Share of the memory.', default: 0.92, since: '0.8.3' },
    });
    expect(hintOf(share)).to.equal('Share of the memory. Above 0, at most 1. Default 0.92. Since vLLM 0.8.3.');
    expect(hintOf(aFlag('dtype', { type: 'choice', values: ['auto', 'half'] }))).to.equal('');
    expect(hintOf(aFlag('x', { type: 'choice', values: ['auto', 'half'], open: true }))).to.equal('For example auto, half.');
    expect(hintOf(aFlag('y', { type: 'json' }))).to.equal('A JSON object.');
  });
});
