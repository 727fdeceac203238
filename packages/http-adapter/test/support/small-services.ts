import type { ServiceDesk } from '@spark-control/core';
import { ServiceBench } from '../../../core/test/support/service-bench.ts';
import { aService } from '../../../core/test/support/service-samples.ts';

/** One in which `swp_1` is a service with a patch, and its host does what it is told. */
export function aSmallServiceDesk(): ServiceDesk {
  const patch = { name: 'server', source: '/p/server.py', target: '/app/server.py' };
  const bench = new ServiceBench([
    aService({ key: 'swp_1', usesGpu: false, patches: [patch] }),
    aService({ key: 'off', isDisabled: true }),
  ]);
  bench.contents = [{ ...patch, content: new Uint8Array([1]), digest: 'new' }];
  return bench.desk;
}
