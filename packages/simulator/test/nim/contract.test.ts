import { nimHostContract } from '../../../core/test/contracts/nim-host.contract.ts';
import { aCluster } from '../../../core/test/support/builders.ts';
import { SimulatedNimHost, systemClock } from '../../src/index.ts';

nimHostContract('the simulator', async () => {
  const cluster = aCluster();
  const make = () => new SimulatedNimHost({ clusters: [cluster], clock: systemClock, speed: 300 });
  let nim = make();
  return {
    // A fresh one for every test, under one name.
    nim: new Proxy(nim, {
      get: (_, name) => {
        const member: unknown = Reflect.get(nim, name, nim);
        return typeof member === 'function' ? member.bind(nim) : member;
      },
    }),
    host: cluster.hosts[0]!.key,
    key: 'nvapi-good-key',
    port: 8_001,
    images: { good: 'lan/nim/good:1', second: 'lan/nim/good:2', wrongProcessor: 'lan/nim/for-amd64:1', crashing: 'lan/nim/crash:1' },
    reset: async () => {
      nim = make();
    },
    dispose: async () => undefined,
  };
});
