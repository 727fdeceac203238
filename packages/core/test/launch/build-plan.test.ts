import { expect } from 'chai';
import fc from 'fast-check';
import { buildPlan, type Cluster, canonicalJson, clusterKey, digestOf, isSparkError, type Model } from '../../src/index.ts';
import { aCluster, aHost, aModel } from '../support/builders.ts';
import { anyWord } from '../support/hostile-words.ts';
import { thrown } from '../support/thrown.ts';

const launcher = (over: Partial<Cluster> = {}): Cluster => aCluster({ launcher: 'launch_cluster', launcherDirectory: '~/vllm', ...over });
const single = (over: Partial<Cluster> = {}): Cluster =>
  aCluster({ launcher: 'docker_run', hosts: [aHost('spark1', '10.0.0.1')], ...over });
const local = (path: string): Partial<Model> => ({ source: { kind: 'local_path', path }, nodes: 1 });

describe('buildPlan', () => {
  it('takes image, port and container from the cluster, and the first hosts', () => {
    const plan = buildPlan(aModel('qwen', { nodes: 1, env: { A_B: { kind: 'secret', name: 'TOKEN' } } }), launcher({ port: 8888 }));
    expect(plan).to.include({
      model: 'qwen',
      servedModelName: 'qwen',
      image: 'vllm-node',
      port: 8888,
      container: 'vllm_node',
      weightsBytes: 10 * 2 ** 30,
    });
    expect(plan.nodes).to.deep.equal(['spark1']);
    expect(plan.args).to.deep.equal(['acme/qwen', '--served-model-name', 'qwen']);
    expect(plan.env).to.deep.equal({ A_B: { kind: 'secret', name: 'TOKEN' } });
    expect(plan.mounts).to.deep.equal([]);
    expect(plan.digest).to.match(/^[0-9a-f]{32}$/);
  });

  it("prefers the model's own image, and mounts a local path where it lies", () => {
    const plan = buildPlan(aModel('qwen', { image: 'other:1', ...local('/models/x') }), launcher());
    expect(plan.image).to.equal('other:1');
    expect(plan.mounts).to.deep.equal(['/models/x']);
  });

  it('gives the same digest for the same entry however it was written, and another for any change', () => {
    const base = aModel('qwen', { flags: { seed: 1, dtype: 'auto' } });
    const digest = (model: Model, cluster = launcher()): string => buildPlan(model, cluster).digest;
    expect(digest(aModel('qwen', { flags: { dtype: 'auto', seed: 1 } }))).to.equal(digest(base));
    const others = [
      digest(aModel('qwen', { flags: { seed: 2, dtype: 'auto' } })),
      digest({ ...base, nodes: 1 }),
      digest({ ...base, image: 'other' }),
      digest({ ...base, env: { X: { kind: 'literal', value: '1' } } }),
      digest({ ...base, env: { X: { kind: 'secret', name: '1' } } }),
      digest(base, launcher({ port: 8001 })),
      digest(base, launcher({ container: 'other' })),
    ];
    expect(new Set([digest(base), ...others]).size).to.equal(others.length + 1);
    expect(digest({ ...base, description: 'new words', name: 'Qwen' })).to.equal(digest(base));
  });

  describe('refuses with PREFLIGHT_FAILED and a path', () => {
    const cases: readonly [string, Model, Cluster, string, string][] = [
      ['more hosts than there are', aModel('qwen', { nodes: 3 }), launcher(), '/nodes', 'too_few_hosts'],
      ['another cluster', aModel('qwen', { clusters: [clusterKey('lab')] }), launcher(), '/clusters', 'wrong_cluster'],
      ['two hosts with docker run', aModel('qwen'), aCluster({ launcher: 'docker_run' }), '/nodes', 'one_host_launcher'],
      ['a path outside the roots', aModel('qwen', local('/etc/passwd')), single(), '/local_path', 'bad_path'],
      ['a path with dots', aModel('qwen', local('/models/../etc')), single(), '/local_path', 'bad_path'],
      ['a path when no root is configured', aModel('qwen', local('/models/x')), single({ modelRoots: [] }), '/local_path', 'bad_path'],
    ];
    for (const [title, model, cluster, path, code] of cases) {
      it(title, () => {
        const error = thrown(() => buildPlan(model, cluster));
        expect(error.details.issues?.[0]?.message).to.match(/^.{20,}\.$/);
        expect(error.code).to.equal('PREFLIGHT_FAILED');
        expect(error.details.issues?.map((issue) => [issue.path, issue.code])).to.deep.equal([[path, code]]);
        expect(error.message).to.include('qwen').and.include(error.details.issues?.[0]?.message);
      });
    }

    it('lists the clusters that are allowed', () => {
      const model = aModel('qwen', { clusters: [clusterKey('lab'), clusterKey('den')] });
      expect(thrown(() => buildPlan(model, launcher())).message).to.equal(
        'Model qwen cannot run on cluster default: The entry allows only lab, den.',
      );
    });

    it('names every fault at once', () => {
      const model = aModel('qwen', { ...local('/etc'), nodes: 5, clusters: [clusterKey('lab')] });
      expect(thrown(() => buildPlan(model, launcher())).details.issues).to.have.length(3);
    });
  });

  it('accepts a listed cluster', () => {
    expect(buildPlan(aModel('qwen', { clusters: [clusterKey('default')] }), launcher()).nodes).to.have.length(2);
  });

  describe('refuses with UNSAFE_ARGUMENT', () => {
    const one = (over: Partial<Model>): Model => aModel('qwen', { nodes: 1, ...over });
    const cases: readonly [string, Model, Cluster, RegExp][] = [
      ['a path with a blank under the launcher', one(local('/models/a b')), launcher(), /local_path "\/models\/a b" has to pass/],
      ['a path with a dollar under the launcher', one(local('/models/$x')), launcher(), /local_path/],
      ['a cache that cannot pass the launcher', one({}), launcher({ hfCache: '~/my cache' }), /hf_cache of cluster default/],
      ['an image that is none', one({ image: 'x; rm -rf /' }), single(), /not a valid image reference/],
      ['an image that is an option', one({ image: '--privileged' }), single(), /not a valid image reference/],
      ['a container name that is none', one({}), single({ container: 'a b' }), /not a valid container name/],
      ['a container name that is an option', one({}), single({ container: '-x' }), /not a valid container name/],
      ['an environment name that is none', one({ env: { 'X Y': { kind: 'literal', value: '1' } } }), single(), /"X Y" is refused/],
      [
        'an environment name that the shell acts on',
        one({ env: { PATH: { kind: 'literal', value: '/x' } } }),
        single(),
        /"PATH" is refused/,
      ],
      [
        'an environment name that the launcher sets',
        one({ env: { VLLM_HOST_IP: { kind: 'secret', name: 'X' } } }),
        single(),
        /"VLLM_HOST_IP" is refused/,
      ],
      [
        'an environment value with NUL',
        one({ env: { X: { kind: 'literal', value: 'a\0' } } }),
        single(),
        /variable X of model qwen holds a NUL/,
      ],
      ['a managed flag', one({ flags: { port: 1 } }), single(), /--port is refused/],
    ];
    for (const [title, model, cluster, message] of cases) {
      it(title, () => {
        const error = thrown(() => buildPlan(model, cluster));
        expect(error.code).to.equal('UNSAFE_ARGUMENT');
        expect(error.message).to.match(message);
      });
    }
  });

  it('allows a path with a blank with docker run, where every word is quoted', () => {
    expect(buildPlan(aModel('qwen', local('/models/a b')), single()).mounts).to.deep.equal(['/models/a b']);
  });

  it('builds a plan or throws one of two codes, whatever the fields hold', () => {
    fc.assert(
      fc.property(
        fc.array(anyWord, { minLength: 8, maxLength: 8 }),
        ([repo = '', path = '', flag = '', value = '', arg = '', name = '', image = '', env = '']) => {
          const model = aModel('qwen', {
            nodes: 1,
            source: repo.length % 2 === 0 ? { kind: 'repo', repo, revision: value } : { kind: 'local_path', path: `/models/${path}` },
            servedModelName: name,
            flags: { [flag]: value, dtype: value },
            extraArgs: ['--x', arg],
            image: image === '' ? null : image,
            env: { [env]: { kind: 'literal', value } },
          });
          try {
            buildPlan(model, launcher());
          } catch (error) {
            expect(isSparkError(error) && ['UNSAFE_ARGUMENT', 'PREFLIGHT_FAILED'].includes(error.code), String(error)).to.equal(true);
          }
        },
      ),
    );
  });
});

describe('canonicalJson and digestOf', () => {
  it('sorts keys at every depth, keeps the order of lists, drops undefined', () => {
    expect(canonicalJson({ b: [2, { d: 1, c: null }], a: 'x', u: undefined })).to.equal('{"a":"x","b":[2,{"c":null,"d":1}]}');
  });

  it('spreads: 20,000 texts that differ little have 20,000 digests, in each half', () => {
    const digests = Array.from({ length: 20_000 }, (_, index) => digestOf(`model-${index}`));
    expect(new Set(digests.map((digest) => digest.slice(0, 16))).size).to.equal(20_000);
    expect(new Set(digests.map((digest) => digest.slice(16))).size).to.equal(20_000);
  });

  it('stays the same over versions, since it is written on running containers', () => {
    expect(digestOf({ b: 1, a: ['x'] }))
      .to.equal(digestOf({ a: ['x'], b: 1 }))
      .and.equal('bb561c11f45b3752660c72bae94f46e5');
  });
});
