import { expect } from 'chai';
import type { CoreEvent } from '../../src/index.ts';
import { Bench } from '../support/fake-core.ts';

const isOf =
  <K extends CoreEvent['kind']>(kind: K) =>
  (event: CoreEvent): event is Extract<CoreEvent, { kind: K }> =>
    event.kind === kind;

describe('the watch of a cluster', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await new Bench().start();
  });

  afterEach(() => bench.close());

  it('says with each telemetry when it last looked, also while nothing changes', async () => {
    await bench.clock.advance(2_000);
    const models = bench.events.filter(isOf('model')).length;
    const from = bench.events.length;
    await bench.clock.advance(60_000);
    const hosts = bench.events.slice(from).filter(isOf('host'));
    expect(hosts.length).to.be.within(11, 13);
    for (const { at, observedAt } of hosts) expect(at - (observedAt ?? 0)).to.be.within(0, 2_000);
    expect(bench.events.filter(isOf('model')).length).to.equal(models);
  });
});
