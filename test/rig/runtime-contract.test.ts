import { endpointOf } from '@spark-control/core';
import { modelRuntimeContract } from '../../packages/core/test/contracts/model-runtime.contract.ts';
import { type RuntimeSubject, servedNamesAt } from '../../packages/core/test/contracts/runtime-subject.ts';
import type { Installation } from './support/cluster.ts';
import { FAST, resetRig, startUnmanaged } from './support/hosts.ts';
import { serves } from './support/login.ts';
import { aPlanFor } from './support/models.ts';
import type { Rig } from './support/rig.ts';
import { rigRuntime } from './support/runtime.ts';
import { useRig } from './support/suite.ts';

const SIMULATOR = { ...FAST, models: { 'org/failing': { fault: 'out_of_memory' } } };
/** A model server takes 0.92 of the memory and looks at what is free without the page cache; an idle host has 117 GiB. */
const ENOUGH_BYTES = 116 * 2 ** 30;

function subjectOn(rig: Rig, installation: Installation): RuntimeSubject {
  const { cluster, runtime, fence, fenceOf, close } = rigRuntime(rig, { installation });
  const head = rig.hosts[0]!;
  return {
    cluster,
    runtime,
    fence,
    fenceOf,
    plans: {
      good: aPlanFor(cluster, 'good'),
      second: aPlanFor(cluster, 'second', { nodes: 1 }),
      failing: aPlanFor(cluster, 'failing'),
      lastWords: /CUDA out of memory/,
      firstWords: /non-default args/,
    },
    servedNames: () => servedNamesAt(endpointOf(cluster)),
    async startUnmanaged(name) {
      await startUnmanaged(head, { name, served: 'somebodys-model' });
      await serves(head);
      return { servedName: 'somebodys-model' };
    },
    neededBytes: ENOUGH_BYTES,
    reset: () => resetRig(rig, SIMULATOR),
    dispose: close,
  };
}

describe('on the rig', () => {
  const rig = useRig(SIMULATOR);
  const names = { docker_run: 'docker run', modern: 'the launcher', legacy: 'the launcher of January 2026' } as const;
  for (const installation of ['docker_run', 'modern', 'legacy'] as const) {
    modelRuntimeContract(names[installation], async () => subjectOn(rig(), installation));
  }
});
