import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { type PreflightReport, SparkError } from '../../src/index.ts';
import { aCluster, aHost, aModel } from '../support/builders.ts';
import { aContainer, GIB, judge, type Scene, someFacts } from '../support/preflight-scenes.ts';

/**
 * What people read, word for word, in `test/scenarios/preflight.txt`. After a change that is meant, write it anew with
 * SPARK_UPDATE_SCENARIOS=1 and read the difference.
 */
const FILE = new URL('../scenarios/preflight.txt', import.meta.url);

const single = aModel('qwen', { nodes: 1, weightsBytes: 60 * GIB, flags: { 'gpu-memory-utilization': 0.8 } });
const local = aModel('mine', { source: { kind: 'local_path', path: '/models/mine' } });
const foreign = aContainer({ identity: null, name: 'vllm-gemma4', image: 'vllm/vllm-openai:gemma4' });
const one = aCluster({ launcher: 'docker_run', hosts: [aHost('spark1', '10.0.0.1')] });
const simulated = aCluster({ launcher: 'simulated' });
const issues = [{ path: '/nodes', code: 'too_few_hosts', message: 'It needs 3 hosts and the cluster has 2.' }];

const SCENES: Readonly<Record<string, Scene>> = {
  'all is well': {},
  'all is well, simulated': { cluster: simulated },
  'all is well, docker run': { cluster: one, model: single },
  'one host cannot be reached': { facts: [someFacts(), null] },
  'the head cannot be reached': { facts: [null, someFacts()] },
  'nobody was asked': { input: { reports: [], observation: [] } },
  'Docker does not answer': { facts: [someFacts({ dockerVersion: null }), someFacts()] },
  'no launcher': { facts: [someFacts({ launcher: null }), someFacts()] },
  'an old launcher': { facts: [someFacts({ launcher: { path: '/x', generation: 'legacy' } }), someFacts()] },
  'no image': { facts: [someFacts({ imageId: null }), someFacts({ imageId: null })] },
  'images that differ': { facts: [someFacts(), someFacts({ imageId: 'sha256:def' })] },
  'no weights': { model: aModel('qwen', { weightsBytes: 60 * GIB }), facts: [someFacts({ weights: null }), someFacts()] },
  'half the weights': { facts: [someFacts({ weights: { path: '/c', bytes: 5 * GIB, complete: false } }), someFacts()] },
  'no folder': { model: local, facts: [someFacts({ weights: null }), someFacts()] },
  'an empty folder': { model: local, facts: [someFacts({ weights: { path: '/models/mine', bytes: 0, complete: false } }), someFacts()] },
  'no room on the disk': { facts: [someFacts({ diskFreeBytes: GIB, weights: null }), someFacts({ diskFreeBytes: null })] },
  'our model serves': { containers: [[aContainer()], [aContainer()]], facts: [someFacts({ portOwner: 'vllm (pid 7)' }), someFacts()] },
  'a stranger on the port': { facts: [someFacts({ portOwner: 'python3 (pid 42)' }), someFacts()] },
  "a stranger's container": { containers: [[foreign], []], facts: [someFacts({ portOwner: 'vllm (pid 7)' }), someFacts()] },
  "a stranger's container, to be replaced": {
    containers: [[foreign], []],
    facts: [someFacts({ portOwner: 'vllm (pid 7)' }), someFacts()],
    input: { replaceUnmanaged: true },
  },
  "a stranger's stopped container of our name": { containers: [[{ ...foreign, name: 'vllm_node', state: 'absent' }], []] },
  'little memory': { model: single, facts: [someFacts({ memAvailableBytes: 40 * GIB }), someFacts()] },
  'weights larger than the memory': { model: aModel('huge', { weightsBytes: 900 * GIB }) },
  'a dangerous flag': { model: aModel('qwen', { flags: { 'trust-remote-code': true } }) },
  'a refused value': { input: { plan: null, error: new SparkError('UNSAFE_ARGUMENT', 'The value of --seed holds a NUL.') } },
  'the wrong cluster': { input: { plan: null, error: new SparkError('PREFLIGHT_FAILED', 'no', { details: { issues } }) } },
  'a secret that is not set': { input: { missingSecrets: [{ path: '/env/X', code: 'missing_secret', message: 'X is not set.' }] } },
  'a broken catalog': { input: { catalogFault: 'models.yaml, line 3: a tab.' } },
};

function render(report: PreflightReport): string {
  const checks = report.checks.map(({ name, host, status, detail, hint, measured }) => {
    const about = [status.padEnd(7), name.padEnd(9), (host ?? '-').padEnd(6)].join(' ');
    return `${about} ${detail}${measured === null ? '' : ` [${measured}]`}${hint === null ? '' : `\n${' '.repeat(25)}> ${hint}`}`;
  });
  const { neededBytes, availableBytes, basis } = report.memory;
  return [`ok: ${report.ok}`, ...checks, `memory: needs ${neededBytes}, has ${availableBytes}, ${basis}`].join('\n');
}

describe('the words of a pre-flight', () => {
  const rendered = Object.entries(SCENES).map(([title, scene]) => ({ title, text: render(judge(scene)) }));
  if (process.env['SPARK_UPDATE_SCENARIOS'] === '1') {
    writeFileSync(FILE, `${rendered.map(({ title, text }) => `## ${title}\n${text}\n`).join('\n')}`);
  }
  const recorded = new Map(
    readFileSync(FILE, 'utf8')
      .split(/^## /m)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1).trimEnd()]),
  );
  for (const { title, text } of rendered) {
    it(`are as written down: ${title}`, () => expect(text).to.equal(recorded.get(title)));
  }
});
