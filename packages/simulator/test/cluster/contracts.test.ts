import { hostKey } from '@spark-control/core';
import { describeHostAccess } from '../../../core/test/contracts/host-access.contract.ts';
import { hostProbeContract } from '../../../core/test/contracts/host-probe.contract.ts';
import { imageStoreContract } from '../../../core/test/contracts/image-store.contract.ts';
import { modelRuntimeContract } from '../../../core/test/contracts/model-runtime.contract.ts';
import { servedNamesAt } from '../../../core/test/contracts/runtime-subject.ts';
import { weightStoreContract } from '../../../core/test/contracts/weight-store.contract.ts';
import { aPlan, GIB, startCluster } from '../support/clusters.ts';

modelRuntimeContract('the simulator', async () => {
  const simulation = await startCluster({ speed: 20 });
  const { cluster, runtime, fence, fenceOf, control } = simulation;
  control.setFault('failing', 'exit_at_start');
  return {
    cluster,
    runtime,
    fence,
    fenceOf,
    plans: {
      good: aPlan(cluster, 'good'),
      second: aPlan(cluster, 'second', { nodes: cluster.hosts.slice(0, 1).map((host) => host.key) }),
      failing: aPlan(cluster, 'failing'),
      lastWords: /does not recognize this architecture/,
      firstWords: /non-default args/,
    },
    neededBytes: 115 * GIB,
    servedNames: () => servedNamesAt(simulation.endpointBaseUrl()),
    startUnmanaged: async (name) => {
      await control.startUnmanaged({ name, servedModelName: 'somebodys-model' });
      return { servedName: 'somebodys-model' };
    },
    reset: async () => {
      for (const { host, name } of control.containers()) await control.removeContainer(host, name);
    },
    dispose: () => simulation.close(),
  };
});

hostProbeContract('the simulator', async () => {
  const simulation = await startCluster({ profiles: { 'acme/there': { weightsBytes: 8 * GIB } } });
  const { cluster, probe, control } = simulation;
  for (const { key } of cluster.hosts) {
    control.setImageMissing(key, 'missing:latest', true);
    control.setWeightsFault(key, 'acme/missing', 'missing');
    control.setWeightsFault(key, 'acme/half', 'incomplete');
  }
  const repo = (name: string) => ({ kind: 'repo', repo: name, revision: null }) as const;
  return {
    probe,
    hosts: cluster.hosts.map((host) => host.key),
    images: { present: 'vllm-node', missing: 'missing:latest' },
    weights: { present: repo('acme/there'), missing: repo('acme/missing'), incomplete: repo('acme/half') },
    cutOff: async (host) => {
      await control.hostDown(hostKey(host), true);
      return () => control.hostDown(hostKey(host), false);
    },
    dispose: () => simulation.close(),
  };
});

weightStoreContract('the simulator', async () => {
  const repos = { present: 'acme/there', half: 'acme/half', absent: 'acme/missing', refused: 'acme/refused' };
  const profiles = Object.fromEntries(Object.values(repos).map((name) => [name, { weightsBytes: 8 * GIB }]));
  const { cluster, weights, control, close } = await startCluster({ profiles, speed: 100 });
  const hosts = cluster.hosts.map(({ key }) => key);
  return {
    store: weights,
    hosts,
    repos,
    paths: { roots: ['/models'], good: '/models/mine', missing: '/models/none' },
    cutOff: async (host) => {
      await control.hostDown(host, true);
      return () => control.hostDown(host, false);
    },
    reset: async () => {
      control.setRefusal(repos.refused, 'its licence was not accepted.');
      for (const host of hosts) {
        control.setWeightsFault(host, repos.present, null);
        control.setWeightsFault(host, repos.half, 'incomplete');
        for (const name of [repos.absent, repos.refused, '/models/none']) control.setWeightsFault(host, name, 'missing');
      }
    },
    dispose: () => close(),
  };
});

imageStoreContract('the simulator', async () => {
  const { cluster, images, control, close } = await startCluster({ speed: 100 });
  const hosts = cluster.hosts.map(({ key }) => key);
  return {
    store: images,
    hosts,
    images: { present: cluster.image, pullable: 'lan/thing:v1', refused: 'lan/nobodys:v1' },
    cutOff: async (host) => {
      await control.hostDown(host, true);
      return () => control.hostDown(host, false);
    },
    reset: async () => {
      control.setRefusal('lan/nobodys:v1', 'no registry has it.');
      for (const host of hosts) for (const image of ['lan/thing:v1', 'lan/nobodys:v1']) control.setImageMissing(host, image, true);
    },
    dispose: () => close(),
  };
});

describeHostAccess('the simulator', async () => {
  const { cluster, access, control, close } = await startCluster();
  const host = cluster.hosts[0]?.key ?? hostKey('none');
  return {
    access,
    host,
    cutOff: async () => {
      await control.hostDown(host, true);
      return () => control.hostDown(host, false);
    },
    dispose: () => close(),
  };
});
