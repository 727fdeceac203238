import { createHash } from 'node:crypto';
import {
  buildPlan,
  type Claim,
  type Cluster,
  hostKey,
  type Model,
  type NimOrder,
  type PatchContent,
  type Service,
  swapId,
} from '@spark-control/core';
import { createSshCluster, ShellPool, type SshCluster, SshHostAccess, SshNimHost, SshServiceHost } from '@spark-control/ssh-adapter';
import { MemoryTrust } from '../../../packages/core/test/support/memory-trust.ts';
import { aService } from '../../../packages/core/test/support/service-samples.ts';
import { realClock } from './clock.ts';
import { type Installation, rigCluster } from './cluster.ts';
import { IMAGES } from './image.ts';
import { aModel } from './models.ts';
import type { Rig } from './rig.ts';

const SPARK1 = hostKey('spark1');
const LIMIT_MS = 20_000;
const IS_PROOF = process.env['SPARK_PROVE'] === '1';

/** A field that a user can set: what is done on the hosts with a value of it. */
export type Field = Readonly<{
  name: string;
  use: (value: string) => readonly (() => Promise<unknown>)[];
  /** What else follows from a value and is in words because of it, by a name for it. */
  parts?: (value: string) => Readonly<Record<string, string>>;
  /** Each value takes a second or more. */
  isSlow?: boolean;
}>;

/** The adapters over the rig, with values in them that the edge of the product may have refused. */
export class HostileUse {
  readonly #rig: Rig;
  readonly #pool = new ShellPool({ clock: realClock });
  readonly #claims = new Map<Installation, Claim>();
  #jobs = 0;

  constructor(rig: Rig) {
    this.#rig = rig;
  }

  /** One claim for each installation, so that launches are not refused for want of one. */
  async open(): Promise<this> {
    for (const installation of ['docker_run', 'modern', 'legacy'] as const) {
      const { fence } = this.#ssh(this.#cluster(installation, {}));
      this.#claims.set(installation, await fence.claim(swapId(`swp_hostile_${installation}`), 1, limited()));
    }
    return this;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  fields(): readonly Field[] {
    return [...this.#ofModels(), ...this.#ofClusters(), ...this.#ofServices(), ...this.#ofNims()];
  }

  #ofModels(): readonly Field[] {
    const onHead = { hosts: [SPARK1] };
    const { weights, images, probe } = this.#ssh(this.#cluster('modern', {}));
    const order = (over: object) => ({
      job: `op_hostile_${++this.#jobs}`,
      repo: 'org/model',
      revision: null,
      token: null,
      ...onHead,
      ...over,
    });
    const download = (over: object) => () => weights.download(order(over), nothing, nothing, limited());
    const source = (of: Model['source']) => () => probe.inspect({ image: null, source: of }, limited());
    return [
      {
        name: 'repo',
        use: (value) =>
          [value, `org/${value}`].flatMap((repo) => [
            () => weights.survey([{ id: 'one', source: { kind: 'repo', repo, revision: null } }], limited()),
            source({ kind: 'repo', repo, revision: null }),
            () => weights.sizeOf(repo, null, null, limited()),
            () => weights.remove(SPARK1, repo, limited()),
            download({ repo }),
            this.#launch('docker_run', {}, { source: { kind: 'repo', repo, revision: null } }),
          ]),
      },
      {
        name: 'revision',
        use: (revision) => [
          () => weights.survey([{ id: 'one', source: { kind: 'repo', repo: 'org/model', revision } }], limited()),
          source({ kind: 'repo', repo: 'org/model', revision }),
          () => weights.sizeOf('org/model', revision, null, limited()),
          download({ revision }),
          this.#launch('docker_run', {}, { source: { kind: 'repo', repo: 'org/model', revision } }),
        ],
      },
      { name: 'the token of the hub', use: (token) => [() => weights.sizeOf('org/model', null, token, limited()), download({ token })] },
      {
        name: 'local_path',
        use: (value) =>
          [value, `/home/spark/models/${value}`].flatMap((path) => [
            () => weights.checkPath(path, ['/home/spark/models'], limited()),
            () => weights.survey([{ id: 'one', source: { kind: 'local_path', path } }], limited()),
            source({ kind: 'local_path', path }),
            this.#launch('docker_run', {}, { source: { kind: 'local_path', path } }),
            this.#launch('modern', {}, { source: { kind: 'local_path', path } }),
          ]),
      },
      {
        name: 'the image of a model',
        use: (value) =>
          [value, `registry.test/${value}`].flatMap((image) => [
            () => images.inspect(image, limited()),
            () => probe.inspect({ image, source: null }, limited()),
            () => images.pull({ job: `op_hostile_${++this.#jobs}`, image, hosts: [SPARK1] }, nothing, nothing, limited()),
            this.#launch('docker_run', {}, { image }),
            this.#launch('modern', {}, { image }),
          ]),
      },
      {
        name: 'flags, arguments and variables',
        isSlow: true,
        use: (value) =>
          (IS_PROOF ? (['docker_run', 'modern', 'legacy'] as const) : (['docker_run', 'modern'] as const)).flatMap((installation) => [
            this.#launch(
              installation,
              {},
              { servedModelName: value, flags: { tokenizer: value }, extraArgs: ['--lora', value, `--root-path=${value}`] },
            ),
            this.#launch(installation, {}, { env: { PLAIN: { kind: 'literal', value } } }),
            this.#launch(installation, {}, { env: { [value]: { kind: 'literal', value: 'x' } } }),
            this.#launch(installation, {}, { flags: { [value]: true } }),
          ]),
      },
    ];
  }

  #ofClusters(): readonly Field[] {
    const everywhere = (over: Partial<Cluster>) => {
      const { runtime, probe, weights } = this.#ssh(this.#cluster('modern', over));
      const { runtime: plain } = this.#ssh(this.#cluster('docker_run', over));
      const claim = this.#claim('docker_run');
      return [
        () => runtime.observe(limited()),
        () => plain.observe(limited()),
        () => plain.stop(claim, { park: false, report: nothing }, limited()),
        () => probe.inspect({ image: over.image ?? null, source: { kind: 'repo', repo: 'org/model', revision: null } }, limited()),
        () => weights.survey([{ id: 'one', source: { kind: 'repo', repo: 'org/model', revision: null } }], limited()),
        () => weights.remove(SPARK1, 'org/model', limited()),
        this.#test(over),
        this.#launch('docker_run', over, {}),
        this.#launch('modern', over, {}),
        ...(IS_PROOF ? [this.#launch('legacy', over, {})] : []),
      ];
    };
    return [
      { name: 'the container of a cluster', isSlow: true, use: (container) => everywhere({ container }) },
      { name: 'the image of a cluster', isSlow: true, use: (image) => everywhere({ image }) },
      { name: 'hf_cache', isSlow: true, use: (value) => [value, `~/${value}`].flatMap((hfCache) => everywhere({ hfCache })) },
      {
        name: 'launcher_directory',
        isSlow: true,
        use: (value) => [value, `/home/spark/${value}`].flatMap((launcherDirectory) => everywhere({ launcherDirectory })),
      },
      {
        name: 'model_roots',
        use: (value) => {
          const { weights } = this.#ssh(this.#cluster('modern', {}));
          return [() => weights.checkPath('/home/spark/models/mine', [value, `/${value}`], limited())];
        },
      },
    ];
  }

  #ofServices(): readonly Field[] {
    const host = new SshServiceHost({ clusters: [this.#cluster('modern', {})], pool: this.#pool });
    const everything = (service: Service) => [
      () => host.facts(service, limited()),
      () => host.logs(service, 5, limited()),
      () => host.restart(service, limited()),
      () => host.limitMemory(service, 2 ** 29, limited()),
    ];
    const patched = (over: Partial<PatchContent>, service: Partial<Service> = {}) => {
      const content = Buffer.from('patched');
      const digest = createHash('sha256').update(content).digest('hex');
      const files = [{ name: 'one', source: '/none', target: '/opt/one', content, digest, ...over }];
      const one = aService({ host: SPARK1, container: 'hostile', ...service });
      return [
        () => host.patches.inspect(one, files, limited()),
        () => host.patches.apply(one, files, `op_hostile_${++this.#jobs}`, limited()),
      ];
    };
    return [
      { name: 'the container of a service', use: (container) => everything(aService({ host: SPARK1, container })) },
      { name: 'the login user of a service', use: (user) => [() => host.facts(aService({ host: SPARK1, user }), limited())] },
      { name: 'the key of a service', use: (key) => patched({}, { key }) },
      { name: 'the name of a patch', use: (name) => patched({ name }) },
      {
        name: 'the target of a patch',
        use: (value) => [value, `/opt/${value}`].flatMap((target) => patched({ target })),
        parts: (value) => ({ TARGET: `/opt/${value}`, FOLDER: `/opt/${value}`.replace(/\/[^/]*$/, '') }),
      },
    ];
  }

  #ofNims(): readonly Field[] {
    const nim = new SshNimHost({ clusters: [this.#cluster('modern', {})], pool: this.#pool, clock: realClock });
    const order = (over: Partial<NimOrder>): NimOrder => ({
      ...{ job: `op_hostile_${++this.#jobs}`, image: IMAGES.node, container: 'hostile-nim', port: 8_123, cache: '~/.cache/nim' },
      ...{ env: {}, replace: false, shmGib: 1, ...over },
    });
    const runs = (over: Partial<NimOrder>) => () => nim.run(SPARK1, order(over), null, limited());
    return [
      {
        name: 'the image of a NIM',
        use: (value) =>
          [value, `127.0.0.1:9/${value}`].flatMap((image) => [
            () => nim.survey(SPARK1, order({ image }), limited()),
            () => nim.login(SPARK1, image, 'nvapi-0123456789', limited()),
            () => nim.inspect(SPARK1, image, null, limited()),
            () => nim.pull(SPARK1, order({ image }), null, nothing, nothing, limited()),
            runs({ image }),
          ]),
      },
      {
        name: 'the container of a NIM',
        use: (container) => [
          () => nim.survey(SPARK1, order({ container }), limited()),
          runs({ container, replace: true }),
          () => nim.ready(SPARK1, order({ container }), limited()),
          () => nim.settle(SPARK1, order({ container }), 'old', limited()),
        ],
      },
      { name: 'the variables of a NIM', use: (value) => [runs({ env: { PLAIN: value } }), runs({ env: { [value]: 'x' } })] },
      {
        name: 'the cache of a NIM',
        isSlow: true,
        use: (value) =>
          [value, `~/.cache/nim/${value}`].flatMap((cache) => [() => nim.survey(SPARK1, order({ cache }), limited()), runs({ cache })]),
      },
      { name: 'the key of NGC', use: (key) => [() => nim.login(SPARK1, `127.0.0.1:9/nim/one:1`, key, limited())] },
    ];
  }

  #cluster(installation: Installation, over: Partial<Cluster>): Cluster {
    // A key of its own, so that the claims do not end one another.
    return { ...rigCluster(this.#rig, { installation, key: installation.replace('_', '-') }), ...over };
  }

  #ssh(cluster: Cluster): SshCluster {
    return createSshCluster({ cluster, controllerId: 'ctl_hostile', secrets: { read: () => null }, clock: realClock, pool: this.#pool });
  }

  #claim(installation: Installation): Claim {
    const claim = this.#claims.get(installation);
    if (claim === undefined) throw new RangeError('not opened');
    return claim;
  }

  #launch(installation: Installation, over: Partial<Cluster>, model: Partial<Model>): () => Promise<unknown> {
    return async () => {
      const cluster = this.#cluster(installation, over);
      const plan = buildPlan(aModel('hostile', { nodes: 1, ...model }), cluster);
      await this.#ssh(cluster).runtime.launch(plan, this.#claim(installation), nothing, limited());
    };
  }

  #test(over: Partial<Cluster>): () => Promise<unknown> {
    const clusters = [this.#cluster('modern', over)];
    const access = new SshHostAccess({ clusters, pool: this.#pool, trust: new MemoryTrust(), clock: realClock });
    return () => access.test(SPARK1, nothing, limited());
  }
}

const limited = (): AbortSignal => AbortSignal.timeout(LIMIT_MS);
const nothing = (): void => {};
