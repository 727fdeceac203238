import type { HostDiscovery } from '@spark-control/ssh-adapter';
import { readSettings } from '@spark-control/store-adapter';
import { expect } from 'chai';
import fc from 'fast-check';
import { foundServices } from '../src/init/found-services.ts';
import { type InitHost, propose, type Wishes } from '../src/init/proposal.ts';
import { servicesYaml, sparkYaml } from '../src/init/spark-yaml.ts';

const NOTHING: HostDiscovery = {
  ...{ user: 'nvidia', hostname: 'spark', launchers: [], containers: [], dockerProblem: null, listening: [22], fabric: [] },
  ...{ gpus: ['NVIDIA GB10'], serving: [] },
};
const NO_WISHES: Wishes = { launcher: null, launcherDirectory: null, port: null, container: null, image: null };
const FINGERPRINT = `SHA256:${'aB3+/'.repeat(8)}abc`;

const host = (key: string, discovery: Partial<HostDiscovery> = {}, more: Partial<InitHost> = {}): InitHost => ({
  ...{ key, address: '10.0.0.1', port: 22, user: 'nvidia', keyFile: '~/.ssh/id_ed25519', fingerprint: FINGERPRINT },
  discovery: { ...NOTHING, ...discovery },
  ...more,
});

/** What the server makes of what is written. */
function read(hosts: readonly InitHost[], wishes: Partial<Wishes> = {}) {
  const text = sparkYaml(hosts, propose(hosts, { ...NO_WISHES, ...wishes }).clusters);
  return { text, ...readSettings({ folder: '/nowhere', dataFolder: '/nowhere', env: { HOME: '/home/me' } }, text) };
}

describe('what init proposes', () => {
  it('is one cluster of the pair where launch-cluster.sh is: installation A', () => {
    const fabric = [{ name: 'enp1s0f0np0', address: '192.168.177.11', gigabits: 200 }];
    const running = [{ name: 'vllm_node', image: 'vllm-node-b12x', ports: [] }];
    const pair = [host('spark1', { launchers: ['~/spark-vllm-docker'], fabric, containers: running }), host('spark2')];
    const { issues, warnings, clusters, text } = read(pair);
    expect([issues, warnings]).to.deep.equal([[], []]);
    expect(clusters).to.have.length(1);
    expect(clusters[0]).to.include({
      launcher: 'launch_cluster',
      launcherDirectory: '~/spark-vllm-docker',
      container: 'vllm_node',
      image: 'vllm-node-b12x',
      port: 8888,
    });
    expect(clusters[0]?.hosts.map(({ fabricAddress, fingerprint, user }) => [fabricAddress, fingerprint, user])).to.deep.equal([
      ['192.168.177.11', FINGERPRINT, 'nvidia'],
      [null, FINGERPRINT, 'nvidia'],
    ]);
    expect(text).to.contain('hosts: [spark1, spark2] # head first').and.to.contain('# on enp1s0f0np0, 200 Gbit/s');
  });

  it('is a cluster for each host where containers are started by plain docker run: installation B', () => {
    const running = { containers: [{ name: 'vllm-gemma4', image: 'vllm/vllm-openai:gemma4-cu130', ports: [8000] }] };
    const { issues, clusters } = read([host('spark1', running), host('spark2', { serving: [{ port: 8001, models: ['x'] }] })]);
    expect(issues).to.deep.equal([]);
    expect(
      clusters.map(({ key, launcher, container, image, port, hosts }) => [key, launcher, container, image, port, hosts.length]),
    ).to.deep.equal([
      ['default', 'docker_run', 'vllm-gemma4', 'vllm/vllm-openai:gemma4-cu130', 8000, 1],
      ['spark2', 'docker_run', 'vllm', 'vllm/vllm-openai:latest', 8001, 1],
    ]);
  });

  it('is what was said, whatever is found', () => {
    const found = [host('spark1', { launchers: ['/opt/x'], serving: [{ port: 8000, models: ['y'] }] })];
    const wishes = { launcher: 'docker_run', port: 9000, container: 'mine', image: 'own/image:1' } as const;
    expect(read(found, wishes).clusters[0]).to.include({ launcher: 'docker_run', port: 9000, container: 'mine', image: 'own/image:1' });
    expect(read(found).clusters[0]).to.include({ launcher: 'launch_cluster', port: 8000, launcherDirectory: '/opt/x' });
    expect(read([host('spark1')], { launcherDirectory: '/srv/l' }).clusters[0]).to.include({
      launcher: 'launch_cluster',
      launcherDirectory: '/srv/l',
    });
  });

  it('takes no image that was found without a name', () => {
    for (const image of ['sha256:0123456789abcdef', '0123456789ab', 'A B']) {
      const { issues, clusters } = read([host('spark1', { containers: [{ name: 'vllm_node', image, ports: [] }], launchers: ['~/l'] })]);
      expect([issues, clusters[0]?.image]).to.deep.equal([[], 'vllm-node']);
    }
  });

  it('writes what the server reads back, whatever the words are', () => {
    const word = fc.string({ minLength: 1, maxLength: 40 }).filter((text) => !/\p{Cc}|\p{Cs}/u.test(text));
    fc.assert(
      fc.property(word, word, (folder, keyFile) => {
        const given = host('spark1', {}, { keyFile: `/k/${keyFile}` });
        const { issues, clusters } = read([given], { launcherDirectory: `/l/${folder}` });
        expect(issues).to.deep.equal([]);
        expect(clusters[0]?.launcherDirectory).to.equal(`/l/${folder}`);
      }),
      { numRuns: process.env['SPARK_PROVE'] === '1' ? 2_000 : 100 },
    );
    expect(read([host('spark1')], { launcherDirectory: '~' }).clusters[0]?.launcherDirectory).to.equal('~');
    for (const address of ['true', 'null', '1e3', '0x10', 'fd00::50', '10.0.0.1', 'on'])
      expect(read([host('spark1', {}, { address, user: 'no' })]).clusters[0]?.hosts[0] ?? {}, address).to.include({ user: 'no' });
  });
});

describe('the services that init finds', () => {
  it('are known by their container, or by their port', () => {
    const containers = [
      { name: 'parakeet-asr', image: 'local/parakeet:2', ports: [5092] },
      { name: 'web', image: 'ghcr.io/open-webui/open-webui:main', ports: [3000] },
      { name: 'tei', image: 'text-embeddings-inference:121-1.9', ports: [8081] },
      { name: 'postgres', image: 'postgres', ports: [5432] },
    ];
    const services = foundServices([host('spark1'), host('spark2', { containers, listening: [22, 6333] })], []);
    expect(services).to.deep.equal([
      { key: 'parakeet-asr', kind: 'asr', host: 'spark2', port: 5092, container: 'parakeet-asr' },
      { key: 'embeddings', kind: 'embeddings', host: 'spark2', port: 8081, container: 'tei' },
      { key: 'qdrant', kind: 'qdrant', host: 'spark2', port: 6333, container: null },
      { key: 'open-webui', kind: 'open_webui', host: 'spark2', port: 3000, container: 'web' },
    ]);
  });

  it('have keys of their own where both hosts have the same', () => {
    const containers = [{ name: 'qdrant', image: 'qdrant/qdrant', ports: [6333] }];
    const keys = foundServices([host('spark1', { containers }), host('spark2', { containers })], []).map(({ key }) => key);
    expect(keys).to.deep.equal(['qdrant', 'qdrant-spark2']);
  });

  it('share no port with a model server or with each other, which the server would refuse', () => {
    const containers = [
      { name: 'vllm', image: 'vllm/vllm-openai', ports: [8000] },
      { name: 'sortformer', image: 'sortformer', ports: [] },
      { name: 'kokoro', image: 'kokoro', ports: [8080] },
      { name: 'open-webui', image: 'open-webui', ports: [] },
    ];
    const hosts = [host('spark1', { containers })];
    const { clusters } = propose(hosts, NO_WISHES);
    expect(clusters[0]?.port).to.equal(8000);
    expect(foundServices(hosts, clusters).map(({ key }) => key)).to.deep.equal(['kokoro-tts']);
  });

  it('are none, in a file that is valid all the same', () => {
    expect(servicesYaml(foundServices([host('spark1')], []))).to.match(/services: \{\}\n$/);
  });
});
