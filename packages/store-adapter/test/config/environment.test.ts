import { expect } from 'chai';
import { configurationFolder } from '../support/configuration.ts';

const FINGERPRINT = `SHA256:${'a'.repeat(43)}`;

describe('the configuration from the environment', () => {
  const place = configurationFolder();

  it('is a simulated pair when nothing names a host', () => {
    const { simulated, clusters, server } = place.load();
    expect(simulated).to.equal(true);
    expect(clusters).to.have.length(1);
    expect(clusters[0]).to.include({ key: 'default', launcher: 'simulated', container: 'vllm_node', port: 8888 });
    expect(clusters[0]?.hosts.map(({ key }) => key)).to.deep.equal(['spark1', 'spark2']);
    expect(server).to.deep.equal({ host: '127.0.0.1', port: 9999, allowedHosts: [], bodyLimitBytes: 2 ** 20, drainSeconds: 30 });
  });

  it('makes one cluster of the pair, and lends the second host what only the first has', () => {
    const { simulated, clusters } = place.load({
      SPARK1_HOST: '192.168.1.50',
      SPARK1_USER: 'me',
      SPARK1_KEY_FILE: '~/.ssh/key',
      SPARK1_PORT: '2222',
      SPARK1_FINGERPRINT: FINGERPRINT,
      SPARK2_HOST: 'spark-2.local',
    });
    expect(simulated).to.equal(false);
    expect(clusters).to.have.length(1);
    expect(clusters[0]).to.include({
      key: 'default',
      launcher: 'launch_cluster',
      image: 'vllm-node',
      launcherDirectory: '~/spark-vllm-docker',
    });
    expect(clusters[0]?.hosts).to.deep.equal([
      {
        key: 'spark1',
        name: 'spark1',
        address: '192.168.1.50',
        sshPort: 2222,
        user: 'me',
        identityFile: '/home/me/.ssh/key',
        fingerprint: FINGERPRINT,
        fabricAddress: null,
      },
      {
        key: 'spark2',
        name: 'spark2',
        address: 'spark-2.local',
        sshPort: 22,
        user: 'me',
        identityFile: '/home/me/.ssh/key',
        fingerprint: null,
        fabricAddress: null,
      },
    ]);
  });

  it('takes a single host, and the user of this machine where none is named', () => {
    const { clusters } = place.load({ SPARK1_HOST: 'fd00::50', USER: 'somebody' });
    expect(clusters[0]?.hosts).to.have.length(1);
    expect(clusters[0]?.hosts[0]).to.include({ address: 'fd00::50', user: 'somebody', identityFile: null });
  });

  it('gives each host a cluster of its own under plain docker run', () => {
    const env = {
      SPARK1_HOST: 'a',
      SPARK2_HOST: 'b',
      LAUNCHER: 'docker_run',
      VLLM_PORT: '8000',
      VLLM_CONTAINER: 'vllm-gemma4',
      VLLM_IMAGE: 'vllm/vllm-openai:x',
    };
    const { clusters } = place.load(env);
    expect(clusters.map(({ key, hosts }) => [key, hosts.length])).to.deep.equal([
      ['default', 1],
      ['spark2', 1],
    ]);
    for (const cluster of clusters) {
      expect(cluster).to.include({
        launcher: 'docker_run',
        port: 8000,
        container: 'vllm-gemma4',
        image: 'vllm/vllm-openai:x',
        launcherDirectory: null,
      });
    }
  });

  for (const value of ['', '  ', 'eight', '0', '65536', '-1', '88.8', '1e3', '8888x']) {
    it(`falls back to 8888 with a warning when VLLM_PORT is ${JSON.stringify(value)}`, () => {
      const { clusters, warnings } = place.load({ SPARK1_HOST: 'a', VLLM_PORT: value });
      expect(clusters[0]?.port).to.equal(8888);
      expect(warnings.join('\n')).to.contain('VLLM_PORT').and.to.contain('8888');
    });
  }

  it('takes VLLM_PORT as it is when it is a port, and says nothing when it is not there', () => {
    const given = place.load({ SPARK1_HOST: 'a', VLLM_PORT: ' 8000 ' });
    expect(given.clusters[0]?.port).to.equal(8000);
    for (const { warnings } of [given, place.load({ SPARK1_HOST: 'a' })]) expect(warnings.join()).not.to.contain('VLLM_PORT');
  });

  it('reads a blank VLLM_CONTAINER as vllm_node', () => {
    expect(place.load({ SPARK1_HOST: 'a', VLLM_CONTAINER: ' ' }).clusters[0]?.container).to.equal('vllm_node');
  });

  it('does not simulate in silence when SPARK1_HOST is blank', () => {
    const { simulated, warnings } = place.load({ SPARK1_HOST: ' ' });
    expect(simulated).to.equal(true);
    expect(warnings.join('\n')).to.contain('SPARK1_HOST is blank');
  });

  const numbers = [
    'PORT',
    'SPARK1_PORT',
    'SPARK2_PORT',
    'BODY_LIMIT_BYTES',
    'DRAIN_SECONDS',
    'POLL_OBSERVE_SECONDS',
    'POLL_TELEMETRY_SECONDS',
    'POLL_CATALOG_SECONDS',
    'DEADLINE_STOP_SECONDS',
    'DEADLINE_LOAD_HISTORY_FACTOR',
    'DEADLINE_LOAD_ASSUMED_GIB',
  ] as const;
  for (const name of numbers) {
    it(`starts with the default and a warning that names ${name} when that is no number it can be`, () => {
      const hosts = { SPARK1_HOST: 'a', SPARK2_HOST: 'b' };
      const usual = place.load(hosts);
      for (const value of ['nine', '-1', '1e3', '99999999999999', '0x10', '1,5', ' 1 2 ']) {
        const { server, polls, deadlines, clusters, warnings } = place.load({ ...hosts, [name]: value });
        expect({ server, polls, deadlines, clusters }, value).to.deep.equal({
          server: usual.server,
          polls: usual.polls,
          deadlines: usual.deadlines,
          clusters: usual.clusters,
        });
        expect(
          warnings.filter((text) => text.includes(`${name} `)),
          value,
        ).to.have.length(1);
      }
      for (const blank of ['', '  ']) expect(place.load({ ...hosts, [name]: blank }).warnings).to.deep.equal(usual.warnings);
    });
  }

  it('takes limits, polls and deadlines from variables, over the file', () => {
    place.write('config/spark.yaml', 'hosts: { a: { address: a } }\nlimits: { drain_seconds: 5 }\ndeadlines: { stop_seconds: 7 }\n');
    const { server, polls, deadlines } = place.load({ DRAIN_SECONDS: '60', POLL_OBSERVE_SECONDS: '0.5', DEADLINE_STOP_SECONDS: '9.5' });
    expect([server.drainSeconds, polls.observeMs, deadlines.stopMs]).to.deep.equal([60, 500, 9_500]);
    const bad = place.load({ DRAIN_SECONDS: 'soon' });
    expect(bad.server.drainSeconds).to.equal(5);
    expect(bad.warnings.join()).to.contain('DRAIN_SECONDS').and.to.contain('5 is used');
  });

  it('takes launch_cluster, with a warning, for a launcher that there is none of', () => {
    const { clusters, warnings } = place.load({ SPARK1_HOST: 'a', LAUNCHER: 'swarm' });
    expect(clusters[0]?.launcher).to.equal('launch_cluster');
    expect(warnings.join()).to.contain('LAUNCHER has to be one of launch_cluster, docker_run, not "swarm"');
  });

  const refused = [
    { env: { SPARK2_HOST: 'b' }, path: 'env#/SPARK1_HOST', says: 'SPARK2_HOST is set but SPARK1_HOST is not' },
    { env: { SPARK1_USER: 'me' }, path: 'env#/SPARK1_HOST', says: 'SPARK1_USER is set but SPARK1_HOST is not' },
    { env: { SPARK1_HOST: 'http://spark' }, path: 'env#/SPARK1_HOST', says: 'without user, port or http://' },
    { env: { SPARK1_HOST: 'me@spark' }, path: 'env#/SPARK1_HOST', says: 'without user' },
    { env: { SPARK1_HOST: 'spark;reboot' }, path: 'env#/SPARK1_HOST', says: 'DNS name' },
    { env: { SPARK1_HOST: '-oProxyCommand=x' }, path: 'env#/SPARK1_HOST', says: 'DNS name' },
    { env: { SPARK1_HOST: 'a', SPARK1_USER: 'a b' }, path: 'env#/SPARK1_USER', says: 'login name' },
    { env: { SPARK1_HOST: 'a', SPARK1_FINGERPRINT: 'MD5:aa' }, path: 'env#/SPARK1_FINGERPRINT', says: 'SHA256:' },
    { env: { SPARK1_HOST: 'a', VLLM_CONTAINER: 'a b' }, path: 'env#/VLLM_CONTAINER', says: 'container name' },
    { env: { SPARK1_HOST: 'a', VLLM_IMAGE: 'A B' }, path: 'env#/VLLM_IMAGE', says: 'Docker image' },
    { env: { SPARK1_HOST: 'a', LAUNCHER_DIR: 'here' }, path: 'env#/LAUNCHER_DIR', says: 'begins with /' },
    { env: { ALLOWED_HOSTS: 'ok.lan,http://bad' }, path: 'env#/ALLOWED_HOSTS', says: 'without http://' },
  ] as const;
  for (const { env, path, says } of refused) {
    it(`refuses ${JSON.stringify(env)}`, () => {
      const { code, issues } = place.fault(env);
      expect(code).to.equal('INVALID_SETTINGS');
      expect(issues).to.have.length(1);
      expect(issues[0]).to.include({ path });
      expect(issues[0]?.message).to.contain(says);
    });
  }

  it('collects names of hosts, and puts the environment before the file', () => {
    place.write('config/spark.yaml', 'hosts: { a: { address: a } }\nserver: { host: 0.0.0.0, port: 1, allowed_hosts: [One.lan] }\n');
    const { server } = place.load({ PORT: '0', ALLOWED_HOSTS: 'two.lan, *.three.lan  one.lan' });
    expect(server).to.include({ host: '0.0.0.0', port: 0 });
    expect(server.allowedHosts).to.deep.equal(['one.lan', 'two.lan', '*.three.lan']);
  });
});
