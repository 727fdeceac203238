import { expect } from 'chai';
import { type CheckName, preflightIssues, SparkError } from '../../src/index.ts';
import { aCluster, aHost, aModel } from '../support/builders.ts';
import { aContainer, checkOf, checksOf, GIB, judge, someFacts } from '../support/preflight-scenes.ts';

const dockerRun = aCluster({ launcher: 'docker_run', hosts: [aHost('spark1', '10.0.0.1')] });
const single = aModel('qwen', { nodes: 1, flags: { 'gpu-memory-utilization': 0.8 } });
const foreign = aContainer({ identity: null, name: 'vllm-gemma4', image: 'vllm/vllm-openai:gemma4' });

describe('preflightReport', () => {
  it('passes every check when all is well, and shows command and estimate', () => {
    const report = judge();
    expect(report.ok).to.equal(true);
    expect(report.checks.filter((one) => one.status !== 'pass')).to.deep.equal([]);
    const names: readonly CheckName[] = [
      'catalog',
      'lock',
      'schedule',
      'host',
      'launcher',
      'image',
      'weights',
      'port',
      'memory',
      'disk',
      'flags',
      'unmanaged',
    ];
    expect([...new Set(report.checks.map((one) => one.name))]).to.have.members(names);
    expect(report).to.include({ model: 'qwen', cluster: 'default' });
    expect(report.command?.launcher).to.equal('launch_cluster');
    expect(report.command?.preview).to.include('--launch-script');
    expect(report.estimate).to.deep.equal({ p50Seconds: 100, p90Seconds: 120, samples: 3 });
    expect(preflightIssues(report)).to.deep.equal([]);
  });

  it('asks only the hosts that take part about image, weights, memory and disk, but all about what is in the way', () => {
    const report = judge({ model: single, facts: [someFacts(), someFacts({ imageId: null, weights: null, diskFreeBytes: 0 })] });
    expect(report.ok).to.equal(true);
    for (const name of ['image', 'weights', 'memory', 'disk', 'launcher'] as const) expect(checksOf(report, name), name).to.have.length(1);
    for (const name of ['host', 'unmanaged'] as const) expect(checksOf(report, name), name).to.have.length(2);
  });

  describe('a host that does not answer', () => {
    const report = judge({ facts: [someFacts(), null] });

    it('is unknown in every check, with the reason, and never passes', () => {
      for (const name of ['host', 'launcher', 'image', 'weights', 'memory', 'disk', 'unmanaged'] as const) {
        const found = checkOf(report, name, 'spark2');
        expect(found.status, name).to.equal('unknown');
        expect(found.detail, name).to.include('no route to host');
        expect(checkOf(report, name, 'spark1').status, name).to.equal('pass');
      }
    });

    it('is not ok, though no check fails: nothing can start on a host that cannot be asked', () => {
      expect(report.checks.some((one) => one.status === 'fail')).to.equal(false);
      expect(report.ok).to.equal(false);
    });

    it('leaves the port unknown when it is the head', () => {
      expect(checkOf(judge({ facts: [null, someFacts()] }), 'port').status).to.equal('unknown');
    });

    it('is unknown as well when nobody asked it', () => {
      const unasked = judge({ input: { reports: [], observation: [] } });
      expect(checkOf(unasked, 'host', 'spark1')).to.include({ status: 'unknown' });
      expect(checkOf(unasked, 'image', 'spark1').detail).to.include('It was not asked');
    });
  });

  describe('launcher', () => {
    it('says which generation was found', () =>
      expect(checkOf(judge(), 'launcher', 'spark1')).to.include({ status: 'pass', measured: 'modern' }));

    it('fails on the head when it is not there', () => {
      const found = checkOf(judge({ facts: [someFacts({ launcher: null })] }), 'launcher', 'spark1');
      expect(found).to.include({ status: 'fail' });
      expect(found.detail).to.include('~/vllm');
    });

    it('does not matter on workers, nor with docker run', () => {
      expect(checkOf(judge({ facts: [someFacts(), someFacts({ launcher: null })] }), 'launcher', 'spark2').status).to.equal('pass');
      expect(checkOf(judge({ cluster: dockerRun, model: single, facts: [someFacts({ launcher: null })] }), 'launcher').status).to.equal(
        'pass',
      );
    });

    it('is unknown when the probe could not tell', () => {
      const { launcher: _, ...rest } = someFacts();
      expect(checkOf(judge({ facts: [rest] }), 'launcher', 'spark1').status).to.equal('unknown');
    });

    it('fails where Docker does not answer', () => {
      const found = checkOf(judge({ facts: [someFacts(), someFacts({ dockerVersion: null })] }), 'launcher', 'spark2');
      expect(found).to.include({ status: 'fail', detail: 'Docker does not answer on spark2.' });
    });

    it('needs nothing where all is simulated', () => {
      expect(
        checkOf(judge({ cluster: aCluster(), facts: [someFacts({ dockerVersion: null, launcher: null })] }), 'launcher', 'spark1').status,
      ).to.equal('pass');
    });
  });

  describe('image', () => {
    it('fails where it is missing, and says how to get it', () => {
      const report = judge({ facts: [someFacts(), someFacts({ imageId: null })] });
      expect(report.ok).to.equal(false);
      expect(checkOf(report, 'image', 'spark2')).to.include({
        status: 'fail',
        hint: 'Build it there, or pull it: POST /api/models/qwen/pull-image',
      });
    });

    it('fails where it differs from the head, since the launcher refuses that', () => {
      const report = judge({ facts: [someFacts(), someFacts({ imageId: 'sha256:other' })] });
      expect(checkOf(report, 'image', 'spark2')).to.include({ status: 'fail', measured: 'sha256:other' });
      expect(
        checkOf(judge({ cluster: aCluster(), facts: [someFacts(), someFacts({ imageId: 'sha256:other' })] }), 'image', 'spark2').status,
      ).to.equal('pass');
    });

    it('is unknown when the probe could not tell', () => {
      const { imageId: _, ...rest } = someFacts();
      expect(checkOf(judge({ facts: [rest] }), 'image', 'spark1').status).to.equal('unknown');
    });
  });

  describe('weights', () => {
    const local = aModel('qwen', { source: { kind: 'local_path', path: '/models/x' }, flags: { 'gpu-memory-utilization': 0.8 } });
    const half = { path: '/x', bytes: GIB, complete: false };

    it('shows where they are and their size', () => {
      expect(checkOf(judge(), 'weights', 'spark1')).to.include({ status: 'pass', measured: '60.0 GiB' });
    });

    it('of a repository may be missing: the start downloads them', () => {
      expect(checkOf(judge({ facts: [someFacts({ weights: null })] }), 'weights', 'spark1').status).to.equal('warn');
      expect(checkOf(judge({ facts: [someFacts({ weights: half })] }), 'weights', 'spark1')).to.include({
        status: 'warn',
        measured: '1.0 GiB',
      });
    });

    it('of a local path must be there', () => {
      for (const weights of [null, half]) {
        const report = judge({ model: local, facts: [someFacts(), someFacts({ weights })] });
        expect(checkOf(report, 'weights', 'spark2').status).to.equal('fail');
        expect(preflightIssues(report)).to.have.length(1);
      }
      expect(judge({ model: local }).ok).to.equal(true);
    });

    it('are unknown when the probe could not tell', () => {
      const { weights: _, ...rest } = someFacts();
      expect(checkOf(judge({ facts: [rest] }), 'weights', 'spark1').status).to.equal('unknown');
    });
  });

  describe('port', () => {
    const taken = someFacts({ portOwner: 'python3 (4711)' });

    it('may be held by the model that will be stopped', () => {
      expect(checkOf(judge({ facts: [taken], containers: [[aContainer()]] }), 'port')).to.include({
        status: 'pass',
        measured: 'python3 (4711)',
      });
    });

    it('must not be held by something that is no container of this cluster', () => {
      const report = judge({ facts: [taken] });
      expect(checkOf(report, 'port')).to.include({ status: 'fail', host: 'spark1' });
      expect(checkOf(report, 'port').detail).to.include('Port 8000 is taken by python3 (4711)');
      expect(preflightIssues(report)[0]).to.include({ path: '/cluster', code: 'port' });
    });

    it('is not held by a container whose model server is dead, nor by one set aside or exited', () => {
      for (const over of [{ state: 'unhealthy' }, { state: 'absent' }, { state: 'starting' }, { parked: true }] as const) {
        expect(checkOf(judge({ facts: [taken], containers: [[aContainer(over)]] }), 'port').status, JSON.stringify(over)).to.equal('fail');
      }
    });

    it('held by a container that is not ours passes only when that may be replaced', () => {
      const scene = { facts: [taken], containers: [[foreign]] };
      expect(checkOf(judge(scene), 'port').status).to.equal('fail');
      expect(checkOf(judge({ ...scene, input: { replaceUnmanaged: true } }), 'port').status).to.equal('pass');
    });
  });

  describe('what Spark Control did not start', () => {
    it('fails on any host of the cluster', () => {
      const report = judge({ model: single, containers: [[], [foreign]] });
      expect(checkOf(report, 'unmanaged', 'spark2')).to.include({ status: 'fail', measured: 'running' });
      expect(checkOf(report, 'unmanaged', 'spark1').status).to.equal('pass');
      expect(preflightIssues(report)[0]).to.include({ path: '/replace_unmanaged', code: 'unmanaged' });
    });

    it('may be replaced on request, with a warning when it cannot come back', () => {
      const input = { replaceUnmanaged: true };
      expect(checkOf(judge({ containers: [[foreign]], input }), 'unmanaged', 'spark1').status).to.equal('pass');
      const lost = judge({ containers: [[{ ...foreign, restorable: false }]], input });
      expect(checkOf(lost, 'unmanaged', 'spark1').status).to.equal('warn');
      expect(checkOf(lost, 'unmanaged', 'spark1').detail).to.include('cannot be brought back');
    });

    it('counts when it has exited only if it blocks the name', () => {
      expect(checkOf(judge({ containers: [[{ ...foreign, state: 'absent' }]] }), 'unmanaged', 'spark1').status).to.equal('pass');
      const blocking = { ...foreign, state: 'absent', name: 'vllm_node' } as const;
      expect(checkOf(judge({ containers: [[blocking]] }), 'unmanaged', 'spark1').status).to.equal('fail');
    });

    it('does not count when it was set aside, and ours never do', () => {
      expect(judge({ containers: [[{ ...foreign, parked: true }, aContainer()]] }).ok).to.equal(true);
    });
  });

  describe('disk', () => {
    it('warns when little is left', () => {
      expect(checkOf(judge({ facts: [someFacts({ diskFreeBytes: 9 * GIB })] }), 'disk', 'spark1')).to.include({
        status: 'warn',
        measured: '9.0 GiB free',
      });
      expect(checkOf(judge({ facts: [someFacts({ diskFreeBytes: 10 * GIB })] }), 'disk', 'spark1').status).to.equal('pass');
    });

    it('wants room for what has to be downloaded, less what is there', () => {
      const disk = (freeGib: number, weights: { path: string; bytes: number; complete: boolean } | null) =>
        checkOf(judge({ facts: [someFacts({ diskFreeBytes: freeGib * GIB, weights })] }), 'disk', 'spark1');
      expect(disk(19, null).status).to.equal('warn');
      expect(disk(19, null).detail).to.include('still need 10.0 GiB');
      expect(disk(20, null).status).to.equal('pass');
      expect(disk(19, { path: '/x', bytes: 2 * GIB, complete: false }).status).to.equal('pass');
    });

    it('is unknown when it could not be read', () => {
      expect(checkOf(judge({ facts: [someFacts({ diskFreeBytes: null })] }), 'disk', 'spark1').status).to.equal('unknown');
    });
  });

  describe('catalog and flags', () => {
    it('shows why no plan could be built', () => {
      const issues = [{ path: '/nodes', code: 'too_few_hosts', message: 'It needs 3 hosts and the cluster has 2.' }];
      const error = new SparkError('PREFLIGHT_FAILED', 'no', { details: { issues } });
      const report = judge({ input: { plan: null, error } });
      expect(report).to.include({ ok: false, command: null });
      expect(checkOf(report, 'catalog')).to.include({ status: 'fail', detail: 'It needs 3 hosts and the cluster has 2.' });
      expect(checksOf(report, 'memory').map((one) => one.status)).to.deep.equal(['unknown', 'unknown']);
      expect(report.memory).to.deep.equal({ neededBytes: null, availableBytes: null, basis: 'estimated', fit: null });
      expect(checkOf(judge({ input: { plan: null, error: new SparkError('PREFLIGHT_FAILED', 'why not') } }), 'catalog').detail).to.equal(
        'why not',
      );
    });

    it('shows each value that cannot be passed on, and each refused flag', () => {
      const unsafe = judge({ input: { plan: null, error: new SparkError('UNSAFE_ARGUMENT', 'The image x.') } });
      expect(checkOf(unsafe, 'flags')).to.include({ status: 'fail', detail: 'The image x.' });
      expect(checkOf(unsafe, 'catalog').status).to.equal('pass');
      const issues = [1, 2].map((index) => ({ path: `/flags/${index}`, code: 'x', message: `Fault ${index}.` }));
      const invalid = judge({ input: { plan: null, error: new SparkError('INVALID_REQUEST', 'no', { details: { issues } }) } });
      expect(checksOf(invalid, 'flags').map((one) => one.detail)).to.deep.equal(['Fault 1.', 'Fault 2.']);
    });

    it('fails without a secret that the entry needs', () => {
      const report = judge({ input: { missingSecrets: [{ path: '/env/X', code: 'missing_secret', message: 'X comes from Y.' }] } });
      expect(checkOf(report, 'flags')).to.include({ status: 'fail', detail: 'X comes from Y.' });
      expect(preflightIssues(report)).to.deep.equal([{ path: '/model', code: 'flags', message: 'X comes from Y.' }]);
    });

    it('warns of flags that may do harm', () => {
      const report = judge({ model: aModel('qwen', { flags: { 'trust-remote-code': true, 'gpu-memory-utilization': 0.8 } }) });
      expect(report.ok).to.equal(true);
      expect(checkOf(report, 'flags').status).to.equal('warn');
      expect(checkOf(report, 'flags').detail).to.match(/^--trust-remote-code: Runs Python code/);
    });

    it('warns that the catalog on disk is broken', () => {
      const found = checkOf(judge({ input: { catalogFault: 'models.yaml:3: bad indent' } }), 'catalog');
      expect(found.status).to.equal('warn');
      expect(found.detail).to.include('models.yaml:3');
    });
  });

  it('shows the command for the launcher that was found', () => {
    const launcher = { path: '/x/launch-cluster.sh', generation: 'legacy' } as const;
    expect(judge({ facts: [someFacts({ launcher })] }).command?.preview).to.include('-d start');
  });
});

describe('preflightIssues', () => {
  it('has one issue per failed check, with the hint, and none for warnings', () => {
    const report = judge({ facts: [someFacts({ imageId: null, weights: null }), someFacts({ imageId: null })] });
    expect(preflightIssues(report).map((issue) => [issue.path, issue.code])).to.deep.equal([
      ['/model', 'image'],
      ['/model', 'image'],
    ]);
    expect(preflightIssues(report)[1]?.message).to.equal(
      'Image vllm-node is not on spark2. Build it there, or pull it: POST /api/models/qwen/pull-image',
    );
  });
});
