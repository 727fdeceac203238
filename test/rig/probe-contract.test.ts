import { chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hostProbeContract, type ProbeSubject } from '../../packages/core/test/contracts/host-probe.contract.ts';
import { startHostLink } from './support/cluster.ts';
import { IMAGES } from './support/image.ts';
import type { Rig } from './support/rig.ts';
import { rigRuntime } from './support/runtime.ts';
import { LOGIN, type SparkHost } from './support/spark-host.ts';
import { useRig } from './support/suite.ts';

/** Weights as the Hugging Face hub's client lays them out. A download that was broken off leaves a part with another suffix. */
function placeWeights(host: SparkHost, repo: string, isComplete: boolean): void {
  const folder = join(host.directory, 'home', LOGIN.user, '.cache/huggingface/hub', `models--${repo.replace('/', '--')}`);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write('refs/main', 'abc123');
  write('blobs/1111', '{"model_type":"fake"}');
  write(`blobs/2222${isComplete ? '' : '.incomplete'}`, 'x'.repeat(4_096));
  mkdirSync(join(folder, 'snapshots/abc123'), { recursive: true });
  for (const [name, blob] of [['config.json', '1111'], ...(isComplete ? [['model.safetensors', '2222']] : [])]) {
    symlinkSync(`../../blobs/${blob}`, join(folder, 'snapshots/abc123', name ?? ''));
  }
  chownSync(folder, LOGIN.uid, LOGIN.gid);
}

async function subjectOn(rig: Rig): Promise<ProbeSubject> {
  const links = await Promise.all(rig.hosts.map((host) => startHostLink(host)));
  const { cluster, probe, close } = rigRuntime(rig, { installation: 'modern', links });
  for (const host of rig.hosts) {
    placeWeights(host, 'org/there', true);
    placeWeights(host, 'org/half', false);
  }
  const repo = (name: string) => ({ kind: 'repo', repo: name, revision: null }) as const;
  return {
    probe,
    hosts: cluster.hosts.map((host) => host.key),
    images: { present: IMAGES.node, missing: 'vllm-node:missing' },
    weights: { present: repo('org/there'), missing: repo('org/missing'), incomplete: repo('org/half') },
    async cutOff(key) {
      const link = links[cluster.hosts.findIndex((host) => host.key === key)]!;
      await link.ssh.refuse();
      return () => link.ssh.accept();
    },
    async dispose() {
      await close();
      await Promise.all(links.map((link) => link.stop()));
    },
  };
}

describe('on the rig', () => {
  const rig = useRig();
  hostProbeContract('a host behind SSH', () => subjectOn(rig()));
});
