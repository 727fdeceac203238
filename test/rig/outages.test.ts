import { type Claim, isSparkError, type LaunchPlan, swapId } from '@spark-control/core';
import { expect } from 'chai';
import { type HostLink, type Installation, startHostLink } from './support/cluster.ts';
import { eventually } from './support/commands.ts';
import { containersOn, startsOn } from './support/hosts.ts';
import { serves } from './support/login.ts';
import { aPlanFor } from './support/models.ts';
import { type RigRuntime, rigRuntime } from './support/runtime.ts';
import { useRig } from './support/suite.ts';

const isProof = process.env['SPARK_PROVE'] === '1';
/** Moments after the begin of a step at which the link goes, in ms. A launch takes one to five seconds here. */
const MOMENTS = isProof ? Array.from({ length: 40 }, (_, index) => 20 + index * index * 3) : [150, 900];
const LIMIT = 60_000;

/** Repeats a step until it is done, as the arbiter does when its outcome is not known. Returns how often it was called. */
async function insist(step: (signal: AbortSignal) => Promise<unknown>): Promise<number> {
  const end = performance.now() + LIMIT;
  for (let calls = 1; ; calls += 1) {
    try {
      await step(AbortSignal.timeout(LIMIT));
      return calls;
    } catch (error) {
      if (!isSparkError(error) || error.code !== 'HOST_UNREACHABLE' || performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

describe('a link that fails in the middle', function () {
  this.timeout(120_000);
  const rig = useRig();
  let links: readonly HostLink[] = [];
  let used: RigRuntime | null = null;
  let swaps = 0;

  const open = async (installation: Installation): Promise<RigRuntime> => {
    links = await Promise.all(rig().hosts.map((host) => startHostLink(host)));
    used = rigRuntime(rig(), { installation, links });
    return used;
  };
  const claimOn = ({ fence }: RigRuntime): Promise<Claim> => {
    swaps += 1;
    return fence.claim(swapId(`swp_outage${swaps}`), 1, AbortSignal.timeout(LIMIT));
  };
  /** Calls `disturb` some time after the step was begun; the step must be done in the end all the same. */
  const disturbed = async (step: (signal: AbortSignal) => Promise<unknown>, atMs: number, disturb: () => void): Promise<void> => {
    const timer = setTimeout(disturb, atMs);
    try {
      await insist(step);
    } finally {
      clearTimeout(timer);
    }
  };
  const expectOneStart = async (plan: LaunchPlan): Promise<void> => {
    await serves(rig().hosts[0]!);
    expect(startsOn(rig().hosts[0]!).map((start) => start.argv[1])).to.deep.equal([plan.args[0]]);
  };
  const cutAll = (): void => {
    for (const link of links) link.ssh.cut();
  };

  afterEach(async () => {
    await used?.close();
    used = null;
    await Promise.all(links.map((link) => link.stop()));
    links = [];
  });

  for (const installation of ['docker_run', 'modern', 'legacy'] as const) {
    for (const atMs of MOMENTS) {
      it(`starts one model server, not two, when SSH is cut ${atMs} ms into a launch: ${installation}`, async () => {
        const on = await open(installation);
        const plan = aPlanFor(on.cluster, 'cut');
        const claim = await claimOn(on);
        await disturbed((signal) => on.runtime.launch(plan, claim, () => {}, signal), atMs, cutAll);
        await expectOneStart(plan);
      });
    }

    it(`finishes a launch whose control plane is gone, for the next one that asks: ${installation}`, async () => {
      const first = await open(installation);
      const plan = aPlanFor(first.cluster, 'orphan');
      const claim = await claimOn(first);
      const abandoned = first.runtime.launch(plan, claim, () => {}, AbortSignal.timeout(LIMIT)).catch((error: unknown) => error);
      await new Promise((resolve) => setTimeout(resolve, 400));
      await first.close();
      await abandoned;
      used = rigRuntime(rig(), { installation, links });
      const next = used;
      await insist((signal) => next.runtime.launch(plan, claim, () => {}, signal));
      await expectOneStart(plan);
    });

    it(`has everything gone after a stop during which SSH was cut: ${installation}`, async () => {
      const on = await open(installation);
      const claim = await claimOn(on);
      await on.runtime.launch(aPlanFor(on.cluster, 'stopped'), claim, () => {}, AbortSignal.timeout(LIMIT));
      await disturbed((signal) => on.runtime.stop(claim, { park: false, report: () => {} }, signal), 120, cutAll);
      for (const host of rig().hosts) expect(await containersOn(host)).to.deep.equal([]);
    });
  }

  it('goes on with the log where it was, each line once', async () => {
    const on = await open('docker_run');
    const lines: string[] = [];
    const stop = new AbortController();
    const following = on.runtime.followLogs(null, (line) => lines.push(line.line), stop.signal);
    await on.runtime.launch(aPlanFor(on.cluster, 'talks'), await claimOn(on), () => {}, AbortSignal.timeout(LIMIT));
    await eventually('a first line', () => lines.length > 0);
    cutAll();
    await eventually('the last line', () => lines.some((line) => line.includes('Application startup complete')), 30_000);
    stop.abort();
    await following;
    // Bars are redrawn in place, so how many of their states are lines is the reader's own business.
    const statements = (all: readonly string[]): readonly string[] => all.map((line) => line.trim()).filter((line) => /INFO/.test(line));
    const written = statements((await rig().hosts[0]!.docker('logs', on.cluster.container)).split('\n'));
    const heard = statements(lines);
    expect(heard.length).to.be.greaterThan(20);
    expect(heard).to.deep.equal(written.slice(0, heard.length));
  });

  it('is told as unreachable while it lasts, within the time of an observation, and connects at most once a second', async () => {
    const on = await open('modern');
    const [head, worker] = links;
    const observe = () => on.runtime.observe(AbortSignal.timeout(LIMIT));
    expect((await observe()).map(({ reachable }) => reachable)).to.deep.equal([true, true]);
    await worker!.ssh.refuse();
    for (let round = 0; round < 20; round += 1) {
      const [first, second] = await observe();
      expect([first?.reachable, second?.reachable]).to.deep.equal([true, false]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await worker!.ssh.accept();
    await eventually('the worker again', async () => (await observe())[1]?.reachable, 30_000);
    // One connection before the outage, one after it: who is refused is not connected.
    expect(worker!.ssh.connections()).to.have.length(2);
    expect(head!.ssh.connections()).to.have.length(1);
    await head!.ssh.refuse();
    await head!.ssh.accept();
    for (let cuts = 0; cuts < 8; cuts += 1) {
      await observe();
      cutAll();
    }
    const times = head!.ssh.connections();
    const gaps = times.slice(2).map((time, index) => time - (times[index + 1] ?? 0));
    for (const gap of gaps) expect(gap).to.be.at.least(900);
  });
});
