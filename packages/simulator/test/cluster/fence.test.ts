import { hostFenceContract } from '../../../core/test/contracts/host-fence.contract.ts';
import { startCluster } from '../support/clusters.ts';

hostFenceContract('SimulatedFence', async () => {
  const simulation = await startCluster();
  return {
    fenceOf: simulation.fenceOf,
    written: async () => {
      const { seen } = await simulation.fence.look(new AbortController().signal);
      return seen.map(({ claim }) => JSON.stringify(claim));
    },
    dispose: () => simulation.close(),
  };
});
