import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSparkError } from '@spark-control/core';
import { expect } from 'chai';
import { createSparkControl } from '../src/index.ts';
import { collectGarbage } from './support/collect-garbage.ts';
import { Folders, MODELS } from './support/folders.ts';
import { type Ending, ServerProcess } from './support/server-process.ts';

const NO_STACK = /\n\s+at |node:internal|\.ts:\d+:\d+/;
const FAULTY = 'models:\n  good: { name: G, repo: a/b }\n  bad:\n    name: X\n    nodez: 2\n    repo: a/b\n    nodes: many\n';

describe('a configuration that cannot be used', () => {
  const made: Folders[] = [];
  const folders = (files: Record<string, string> = {}): Folders => {
    const one = new Folders({ 'models.yaml': MODELS, ...files });
    made.push(one);
    return one;
  };
  after(() => made.map((one) => one.remove()));

  /** The refusal, as its code and message. A refused start must leave the data folder free. */
  async function refusal(own: Folders, env: Readonly<Record<string, string>> = {}, dataFolder = own.data): Promise<string> {
    try {
      const control = await createSparkControl({ dataFolder, configFolder: own.config, env, webRoot: null });
      await control.close();
      return 'it started';
    } catch (error) {
      return isSparkError(error) ? `${error.code}: ${error.message}` : String(error);
    }
  }

  it('is refused with the line where models.yaml stops being YAML', async () => {
    const said = await refusal(folders({ 'models.yaml': 'models:\n  a:\n    name: [\n' }));
    expect(said).to.match(/^INVALID_CATALOG: .+models\.yaml#, line 4: This is not valid YAML: .+/);
  });

  it('is never simulated when spark.yaml names no usable host', async () => {
    const wrong = 'hosts:\n  spark1:\n    address: "http://10.0.0.1:22"\nclusters:\n  default: { hosts: [spark9] }\n';
    expect(await refusal(folders({ 'spark.yaml': wrong }))).to.match(/^INVALID_SETTINGS: .+spark\.yaml#\/hosts\/spark1\/address, line 3: /);
    expect(await refusal(folders({ 'spark.yaml': '# to be filled in\n' }))).to.match(/^INVALID_SETTINGS: .+spark\.yaml#.*hosts/);
    expect(await refusal(folders({ 'spark.yml': 'hosts: {}\n' }))).to.match(/^INVALID_SETTINGS: .+spark\.yml#/);
    expect(await refusal(folders(), { SPARK1_USER: 'spark' })).to.contain('SPARK1_USER is set but SPARK1_HOST is not');
    expect(await refusal(folders(), { SPARK2_HOST: '10.0.0.2' })).to.contain('SPARK2_HOST is set but SPARK1_HOST is not');
  });

  it('is refused with the name of the variable that is wrong', async () => {
    expect(await refusal(folders(), { VLLM_CONTAINER: 'a b', SPARK1_HOST: 'a' })).to.match(
      /^INVALID_SETTINGS: .+VLLM_CONTAINER has to be .+/,
    );
  });

  it('is refused when the data folder is a file or cannot be written', async () => {
    const own = folders();
    const file = join(own.root, 'file');
    writeFileSync(file, 'not a folder');
    expect(await refusal(own, {}, file)).to.match(/^STORE_UNAVAILABLE: The data folder .+\/file cannot be used: .+/);
    expect(await refusal(own, {}, '/sys/spark-control')).to.match(
      /^STORE_UNAVAILABLE: The data folder \/sys\/spark-control cannot be used: /,
    );
  });

  it('leaves no file open and the data folder free, whatever it was that failed', async () => {
    const own = folders();
    const open = async (): Promise<number> => {
      await collectGarbage();
      return readdirSync('/proc/self/fd').length;
    };
    const first = await createSparkControl({ dataFolder: own.data, configFolder: own.config, webRoot: null });
    expect(await refusal(own)).to.match(/^STORE_IN_USE: /);
    await first.close();
    const before = await open();
    expect(await refusal(own, { HOST: '127.0.0.1', ALLOWED_HOSTS: 'http://x' })).to.match(/^INVALID_SETTINGS/);
    own.write('models.yaml', FAULTY);
    expect(await refusal(own)).to.match(/^INVALID_CATALOG/);
    own.write('models.yaml', MODELS);
    const failing = { cluster: undefined, ports: undefined } as never;
    const options = { dataFolder: own.data, configFolder: own.config, webRoot: null };
    const broken = await createSparkControl({ ...options, clusters: [failing] }).then(
      () => 'started',
      (error: unknown) => String(error),
    );
    expect(broken).to.match(/TypeError/);
    expect(await open()).to.equal(before);
    const next = await createSparkControl(options);
    await next.close();
  });
});

describe('the program', function () {
  this.timeout(60_000);
  const own = new Folders();
  after(() => own.remove());

  async function run(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Ending & { stdout: string; stderr: string }> {
    const server = new ServerProcess({ ...own.env, ...env }, args);
    return { ...(await server.ended), stdout: server.stdout, stderr: server.stderr };
  }

  it('ends with exit code 1 and names file, line and path of every fault, without a stack trace', async () => {
    own.write('models.yaml', FAULTY);
    const { code, stdout, stderr } = await run({});
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
    expect(stderr).to.match(/^INVALID_CATALOG: /);
    expect(stderr).to.contain('models.yaml#/models/bad/nodez (line 5): There is no field "nodez".');
    expect(stderr).to.contain('models.yaml#/models/bad/nodes (line 7): ');
    expect(stderr).to.not.match(NO_STACK);
  });

  it('refuses options that it does not have', async () => {
    const { code, stderr } = await run({}, '--port', '8');
    expect(code).to.equal(1);
    expect(stderr).to.equal('There is no option --port. Settings are environment variables; --help lists them.\n');
  });

  it('answers --help without starting', async () => {
    const { code, stdout } = await run({}, '--help');
    expect(code).to.equal(0);
    expect(stdout).to.match(/^Spark Control [\s\S]+SPARK_CONTROL_CONFIG/);
  });
});
