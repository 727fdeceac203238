import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildPlan, type EnvValue, isSparkError, type LaunchPlan, type Model, modelKey, swapId } from '@spark-control/core';
import { expect } from 'chai';
import { HOSTILE } from '../../packages/core/test/support/hostile-words.ts';
import type { Installation } from './support/cluster.ts';
import { containersOn, type SeenStart, startsOn } from './support/hosts.ts';
import { type RigRuntime, rigRuntime } from './support/runtime.ts';
import { useRig } from './support/suite.ts';

/** Commands that leave a file behind if any shell on the way takes them for its own. */
const TRAPS = [
  '$(touch /tmp/trapped)',
  '`touch /tmp/trapped`',
  "'; touch /tmp/trapped; '",
  '"; touch /tmp/trapped; "',
  '\n touch /tmp/trapped\n',
  '| touch /tmp/trapped #',
];
const WORDS = [...HOSTILE, ...TRAPS];
const literal = (value: string): EnvValue => ({ kind: 'literal', value });

/** Hostile characters in every field of an entry that takes free text. The flags exist, so that the model server lives. */
const hostileModel = (nodes: number): Model => ({
  key: modelKey('hostile'),
  name: WORDS.join(''),
  description: WORDS.join(''),
  source: { kind: 'repo', repo: "org/it's $(touch /tmp/trapped) -tp 9", revision: null },
  servedModelName: 'served "name" -tp 2 $HOME',
  image: null,
  nodes,
  weightsBytes: null,
  flags: {
    'chat-template': WORDS.join('|'),
    'override-generation-config': Object.fromEntries(WORDS.map((word, index) => [`${word}${index}`, word])),
    'lora-modules': WORDS.filter((word) => !word.startsWith('-')),
    tokenizer: '--headless --distributed-executor-backend ray',
  },
  extraArgs: WORDS.flatMap((word) => [`--root-path=${word}`]),
  env: {
    ...Object.fromEntries(WORDS.map((word, index) => [`TEST_${index}`, literal(word)])),
    TEST_SECRET: { kind: 'secret', name: 'RIG_SECRET' },
  },
  clusters: [],
  origin: 'custom',
});
const SECRET = `s3cret ${WORDS.join('')}`;

/** What the process has to have seen: the plan's words, then where to listen, then what each launcher adds. */
function expectedArgv(plan: LaunchPlan, launcher: readonly string[]): readonly string[] {
  return ['serve', ...plan.args, '--host', '0.0.0.0', '--port', String(plan.port), ...launcher];
}

type Case = Readonly<{ installation: Installation; nodes: number; onHead: (address: string) => readonly string[] }>;
const CASES: readonly Case[] = [
  { installation: 'docker_run', nodes: 1, onHead: () => ['-tp', '1'] },
  { installation: 'modern', nodes: 1, onHead: () => ['-tp', '1'] },
  {
    installation: 'modern',
    nodes: 2,
    onHead: (address) => ['-tp', '2', '--nnodes', '2', '--node-rank', '0', '--master-addr', address, '--master-port', '29501'],
  },
  { installation: 'legacy', nodes: 1, onHead: () => ['-tp', '1'] },
  { installation: 'legacy', nodes: 2, onHead: () => ['--distributed-executor-backend', 'ray', '-tp', '2'] },
];

describe('a model with hostile characters in every field', function () {
  this.timeout(90_000);
  const rig = useRig();
  let used: RigRuntime | null = null;
  let launches = 0;
  const open = (installation: Installation): RigRuntime => {
    used = rigRuntime(rig(), { installation, secrets: { RIG_SECRET: SECRET } });
    return used;
  };
  const launch = async (on: RigRuntime, plan: LaunchPlan): Promise<void> => {
    const signal = AbortSignal.timeout(60_000);
    launches += 1;
    const claim = await on.fence.claim(swapId(`swp_hostile${launches}`), 1, signal);
    await on.runtime.launch(plan, claim, () => {}, signal);
  };
  const theStart = (): SeenStart => {
    const starts = startsOn(rig().hosts[0]!);
    expect(starts).to.have.length(1);
    return starts[0]!;
  };
  const expectNothingTrapped = (): void => {
    for (const host of rig().hosts) expect(existsSync(`/proc/${host.pid}/root/tmp/trapped`), host.name).to.equal(false);
  };

  afterEach(async () => {
    await used?.close();
    used = null;
  });

  for (const { installation, nodes, onHead } of CASES) {
    it(`starts with exactly those arguments and variables: ${installation}, ${nodes} host${nodes > 1 ? 's' : ''}`, async () => {
      const on = open(installation);
      const plan = buildPlan(hostileModel(nodes), on.cluster);
      await launch(on, plan);
      const start = theStart();
      expect(start.argv).to.deep.equal(expectedArgv(plan, onHead(rig().hosts[0]!.address)));
      const wanted = { ...Object.fromEntries(WORDS.map((word, index) => [`TEST_${index}`, word])), TEST_SECRET: SECRET };
      expect(Object.fromEntries(Object.entries(start.env).filter(([name]) => name.startsWith('TEST_')))).to.deep.equal(wanted);
      if (nodes > 1 && installation === 'modern') {
        const [rank] = startsOn(rig().hosts[1]!);
        const words = ['-tp', '2', '--nnodes', '2', '--node-rank', '1', '--master-addr', rig().hosts[0]!.address, '--master-port', '29501'];
        expect(rank?.argv).to.deep.equal(expectedArgv(plan, [...words, '--headless']));
      }
      expectNothingTrapped();
    });
  }

  it('keeps the secret out of every argv, label and file of the hosts once it has started', async () => {
    for (const installation of ['docker_run', 'modern', 'legacy'] as const) {
      const on = open(installation);
      await launch(on, buildPlan({ ...hostileModel(1), key: modelKey('secretive') }, on.cluster));
      const [head] = rig().hosts;
      expect((await head!.exec(['ps', '-eo', 'args'])).stdout, installation).not.to.include('s3cret');
      // Docker's own files hold it; they are root's.
      const readable = await head!.exec(['grep', '-rl', 's3cret', '/home', '/run', '/tmp'], { as: 'user' });
      expect(readable.stdout.split('\n').filter((file) => file !== '' && file !== '/run/rig/sim/argv.log')).to.deep.equal([]);
      for (const container of await containersOn(head!)) expect(JSON.stringify(container.labels)).not.to.include('s3cret');
      await head!.docker('rm', '-f', on.cluster.container);
      await on.close();
    }
  });

  const FOLDERS = ['plain', 'with blank', "it's", '$(touch /tmp/trapped)', 'a=b,c@d%e+f', 'ü', 'tp -tp 9', '"quoted"', 'a&b;c', '*'];
  for (const installation of ['docker_run', 'modern', 'legacy'] as const) {
    it(`binds a local folder at the same path or refuses it before anything is started: ${installation}`, async () => {
      const [head] = rig().hosts;
      for (const folder of FOLDERS) {
        const path = `/home/spark/models/${folder}`;
        mkdirSync(join(head!.directory, path), { recursive: true });
        const on = open(installation);
        const model: Model = { ...hostileModel(1), source: { kind: 'local_path', path }, flags: {}, extraArgs: [], env: {} };
        try {
          await launch(on, buildPlan(model, on.cluster));
          const mounts = (await containersOn(head!)).flatMap((container) => container.mounts).filter((mount) => mount.target === path);
          expect(mounts, folder).to.deep.equal([{ source: path, target: path, writable: false }]);
          expect(startsOn(head!).at(-1)?.argv.slice(0, 2), folder).to.deep.equal(['serve', path]);
          await head!.docker('rm', '-f', on.cluster.container);
        } catch (error) {
          if (!isSparkError(error) || error.code !== 'UNSAFE_ARGUMENT') throw error;
          expect(installation, `${folder} is refused where it could pass`).not.to.equal('docker_run');
          expect(await containersOn(head!)).to.deep.equal([]);
        }
        await on.close();
      }
      expectNothingTrapped();
    });
  }
});
