import { expect } from 'chai';
import { configurationFolder } from '../support/configuration.ts';

const TWO_HOSTS = 'hosts:\n  a: { address: 10.0.0.1 }\n  b: { address: 10.0.0.2 }\n';

describe('spark.yaml', () => {
  const place = configurationFolder();

  it('makes one cluster of all hosts when it names none', () => {
    place.write('config/spark.yaml', `ssh: { user: me, port: 2200, key_file: keys/id }\n${TWO_HOSTS}`);
    const { clusters, simulated } = place.load();
    expect(simulated).to.equal(false);
    expect(clusters.map(({ key }) => key)).to.deep.equal(['default']);
    expect(clusters[0]?.hosts[1]).to.deep.equal({
      key: 'b',
      name: 'b',
      address: '10.0.0.2',
      sshPort: 2200,
      user: 'me',
      identityFile: place.path('config/keys/id'),
      fingerprint: null,
      fabricAddress: null,
    });
  });

  it('describes clusters in full', () => {
    place.write(
      'config/spark.yaml',
      `${TWO_HOSTS}clusters:
  left:
    name: Left one
    hosts: [a]
    launcher: docker_run
    image: vllm/vllm-openai:x
    container: vllm-gemma4
    port: 8000
    hf_cache: /data/hf
    model_roots: [/weights]
  right:
    hosts: [b]
    launcher_directory: /opt/launcher
`,
    );
    const { clusters } = place.load({ VLLM_PORT: '9000', VLLM_CONTAINER: 'mine' });
    const [left, right] = clusters;
    expect(left).to.deep.include({
      name: 'Left one',
      launcher: 'docker_run',
      image: 'vllm/vllm-openai:x',
      container: 'vllm-gemma4',
      port: 8000,
    });
    expect(left).to.deep.include({ hfCache: '/data/hf', modelRoots: ['/weights'], launcherDirectory: null });
    expect(right).to.deep.include({
      name: 'right',
      launcher: 'launch_cluster',
      container: 'mine',
      port: 9000,
      launcherDirectory: '/opt/launcher',
    });
  });

  it('goes before SPARK1_HOST, and says so', () => {
    place.write('config/spark.yaml', TWO_HOSTS);
    const { clusters, warnings } = place.load({ SPARK1_HOST: 'elsewhere' });
    expect(clusters[0]?.hosts.map(({ address }) => address)).to.deep.equal(['10.0.0.1', '10.0.0.2']);
    expect(warnings.join('\n')).to.contain('SPARK1_HOST is ignored');
  });

  it('takes limits in seconds and keeps the others', () => {
    place.write(
      'config/spark.yaml',
      `${TWO_HOSTS}deadlines: { stop_seconds: 1.5, load_history_factor: 4 }\nlimits: { body_bytes: 2048 }\n`,
    );
    const { deadlines, server } = place.load();
    expect(deadlines).to.include({ stopMs: 1_500, loadHistoryFactor: 4, validateMs: 30_000 });
    expect(server.bodyLimitBytes).to.equal(2_048);
  });

  const badNumbers = [
    { of: 'a word', yaml: 'hosts:\n  a: { address: a, port: ssh }\n', at: '/hosts/a/port', line: 2, says: 'whole number; it is "ssh"' },
    { of: 'one out of range', yaml: 'hosts:\n  a: { address: a, port: 70000 }\n', at: '/hosts/a/port', line: 2, says: 'at most 65535' },
    {
      of: 'half a second too little',
      yaml: `${TWO_HOSTS}polls:\n  observe_seconds: 0\n`,
      at: '/polls/observe_seconds',
      line: 5,
      says: 'at least 0.2',
    },
    {
      of: 'a fraction',
      yaml: `${TWO_HOSTS}limits:\n  body_bytes: 2048.5\n`,
      at: '/limits/body_bytes',
      line: 5,
      says: 'whole number; it is 2048.5',
    },
    { of: 'none at all', yaml: `${TWO_HOSTS}deadlines:\n  stop_seconds: .nan\n`, at: '/deadlines/stop_seconds', line: 5, says: 'a number' },
    { of: 'a list', yaml: `${TWO_HOSTS}server:\n  port: [1]\n`, at: '/server/port', line: 5, says: 'whole number; it is [1]' },
    {
      of: 'a port of a cluster',
      yaml: `${TWO_HOSTS}clusters:\n  c: { hosts: [a, b], port: -1 }\n`,
      at: '/clusters/c/port',
      line: 5,
      says: 'at least 1',
    },
  ] as const;
  for (const { of, yaml, at, line, says } of badNumbers) {
    it(`starts with the default where a number is ${of}, and says so with its place`, () => {
      const path = place.write('config/spark.yaml', yaml);
      const { clusters, server, polls, deadlines, warnings } = place.load();
      expect([clusters[0]?.hosts[0]?.sshPort, clusters[0]?.port, server.port, server.bodyLimitBytes]).to.deep.equal([
        22,
        8888,
        9999,
        2 ** 20,
      ]);
      expect([polls.observeMs, deadlines.stopMs]).to.deep.equal([2_000, 120_000]);
      const [warning = ''] = warnings;
      expect(warning).to.contain(`${path}#${at}, line ${line}: `).and.to.contain(says).and.to.contain('The default is used.');
    });
  }

  it('takes a number in quotes for what it spells', () => {
    place.write('config/spark.yaml', 'hosts:\n  a: { address: a, port: "2222" }\npolls: { observe_seconds: "0.5" }\n');
    const { clusters, polls, warnings } = place.load();
    expect([clusters[0]?.hosts[0]?.sshPort, polls.observeMs]).to.deep.equal([2_222, 500]);
    expect(warnings.join('\n')).to.contain('2222 is used; leave out the quotes.');
  });

  it('may leave the hosts to the environment, and still group them', () => {
    place.write('config/spark.yaml', 'limits: { drain_seconds: 5 }\n');
    expect(place.load({ SPARK1_HOST: 'one', SPARK2_HOST: 'two' }).clusters.map(({ hosts }) => hosts.length)).to.deep.equal([2]);
    place.write('config/spark.yaml', 'clusters: { left: { hosts: [spark1] }, right: { hosts: [spark2] } }\n');
    const { clusters, simulated } = place.load({ SPARK1_HOST: 'one', SPARK2_HOST: 'two' });
    expect(clusters.map(({ key, hosts }) => `${key} ${hosts[0]?.address}`)).to.deep.equal(['left one', 'right two']);
    expect(simulated).to.equal(false);
    expect(place.fault().issues[0]).to.include({ path: 'config/spark.yaml#', message: 'The file needs the field "hosts".' });
  });

  it('warns of a host that no cluster uses', () => {
    place.write('config/spark.yaml', `${TWO_HOSTS}clusters: { default: { hosts: [a] } }\n`);
    expect(place.load().warnings.join('\n')).to.contain('no cluster uses b');
  });

  it('takes a section with nothing in it as left out', () => {
    place.write('config/spark.yaml', `${TWO_HOSTS}ssh:\nclusters:\nserver:\n`);
    expect(place.load().clusters).to.have.length(1);
  });

  const faults = [
    { of: 'an empty file', yaml: '', at: '', line: undefined, says: 'needs the field "hosts"' },
    { of: 'no host', yaml: 'hosts: {}\n', at: '/hosts', line: 1, says: 'names no host' },
    { of: 'no cluster', yaml: `${TWO_HOSTS}clusters: {}\n`, at: '/clusters', line: 4, says: 'names no cluster' },
    { of: 'a list in place of a map', yaml: '- hosts\n', at: '', line: undefined, says: 'has to be a map' },
    {
      of: 'a misspelt field',
      yaml: 'hosts:\n  a:\n    address: x\n    adress: y\n',
      at: '/hosts/a/adress',
      line: 4,
      says: 'no field "adress"',
    },
    { of: 'a missing address', yaml: 'hosts:\n  a: { user: me }\n', at: '/hosts/a', line: 2, says: '"a" needs the field "address"' },
    { of: 'a host without anything', yaml: 'hosts:\n  a:\n', at: '/hosts/a', line: 2, says: 'has to be a map' },
    { of: 'a bad address', yaml: 'hosts:\n  a:\n    address: "a b"\n', at: '/hosts/a/address', line: 3, says: 'DNS name' },
    { of: 'a bad key', yaml: 'hosts:\n  Spark One: { address: a }\n', at: '/hosts/Spark One', line: 2, says: 'no valid key' },
    { of: 'a reserved key', yaml: 'hosts:\n  unknown: { address: a }\n', at: '/hosts/unknown', line: 2, says: 'reserved' },
    {
      of: 'a bad fingerprint',
      yaml: 'hosts:\n  a: { address: a, fingerprint: xx }\n',
      at: '/hosts/a/fingerprint',
      line: 2,
      says: 'SHA256: and 43 characters',
    },
    {
      of: 'an unknown host',
      yaml: `${TWO_HOSTS}clusters:\n  c:\n    hosts:\n      - a\n      - z\n`,
      at: '/clusters/c/hosts/1',
      line: 8,
      says: 'The hosts are a, b',
    },
    {
      of: 'a host of two clusters',
      yaml: `${TWO_HOSTS}clusters:\n  c: { hosts: [a] }\n  d: { hosts: [a] }\n`,
      at: '/clusters/d/hosts/0',
      line: 6,
      says: 'in cluster c already',
    },
    {
      of: 'a host twice',
      yaml: `${TWO_HOSTS}clusters:\n  c: { hosts: [a, a] }\n`,
      at: '/clusters/c/hosts/1',
      line: 5,
      says: 'twice in this cluster',
    },
    {
      of: 'docker_run over two hosts',
      yaml: `${TWO_HOSTS}clusters:\n  c: { hosts: [a, b], launcher: docker_run }\n`,
      at: '/clusters/c/hosts',
      line: 5,
      says: 'docker_run takes one',
    },
    {
      of: 'an unknown launcher',
      yaml: `${TWO_HOSTS}clusters:\n  c: { hosts: [a], launcher: simulated }\n`,
      at: '/clusters/c/launcher',
      line: 5,
      says: 'one of "launch_cluster", "docker_run"',
    },
    {
      of: 'a bad image',
      yaml: `${TWO_HOSTS}clusters:\n  c: { hosts: [a], image: "A B" }\n`,
      at: '/clusters/c/image',
      line: 5,
      says: 'Docker image',
    },
    {
      of: 'a line break in a path',
      yaml: `${TWO_HOSTS}clusters:\n  c: { hosts: [a], hf_cache: "~/a\\nb" }\n`,
      at: '/clusters/c/hf_cache',
      line: 5,
      says: 'control characters',
    },
    {
      of: 'a NUL in a folder of models',
      yaml: `${TWO_HOSTS}clusters:\n  c: { hosts: [a], model_roots: [/a, "/b\\0"] }\n`,
      at: '/clusters/c/model_roots/1',
      line: 5,
      says: 'model_roots must not',
    },
    { of: 'a tab', yaml: 'hosts:\n\ta: { address: a }\n', at: '', line: 2, says: 'not valid YAML' },
    { of: 'a key twice', yaml: 'hosts:\n  a: { address: a }\n  a: { address: b }\n', at: '', line: 3, says: 'unique' },
    { of: 'a foreign tag', yaml: 'hosts: !!js/function "x"\n', at: '', line: 1, says: 'not valid YAML' },
  ] as const;
  for (const { of, yaml, at, line, says } of faults) {
    it(`refuses ${of}, with its place`, () => {
      place.write('config/spark.yaml', yaml);
      const { code, issues, message } = place.fault();
      expect(code).to.equal('INVALID_SETTINGS');
      expect(issues[0]?.path).to.equal(`config/spark.yaml#${at}`);
      expect(issues[0]?.line).to.equal(line);
      expect(issues[0]?.message).to.contain(says);
      expect(message).to.contain('spark.yaml');
    });
  }

  it('reports all faults at once', () => {
    place.write('config/spark.yaml', 'hosts:\n  a: { user: "a b" }\n  b: { address: 1, colour: red }\n');
    expect(place.fault({ ALLOWED_HOSTS: 'http://x' }).issues.map(({ path }) => path)).to.have.members([
      'config/spark.yaml#/hosts/a',
      'config/spark.yaml#/hosts/a/user',
      'config/spark.yaml#/hosts/b/address',
      'config/spark.yaml#/hosts/b/colour',
      'env#/ALLOWED_HOSTS',
    ]);
  });

  it('is found under the other usual ending, so that it never turns into a simulation', () => {
    place.write('config/spark.yml', TWO_HOSTS);
    expect(place.load().simulated).to.equal(false);
  });

  it('is refused when it cannot be read', () => {
    place.write('config/spark.yaml/oops', '');
    expect(place.fault().issues[0]).to.include({ path: 'config/spark.yaml#' }).and.property('message').to.contain('is a folder');
  });

  it('does not let aliases multiply without end', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x, x]',
      ...'bcdefghi'.split('').map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefgh'[index]}`).join(', ')}]`),
    ];
    place.write('config/spark.yaml', `${bomb.join('\n')}\n`);
    expect(place.fault().issues[0]?.message).to.contain('multiply');
  });
});
