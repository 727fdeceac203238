import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { WireAuditList, WireOperation, WirePreflightReport } from '@spark-control/schema';
import { expect } from 'chai';
import { type HostLink, rigCluster, startHostLink } from './support/cluster.ts';
import { eventually } from './support/commands.ts';
import { ControlPlane, type ProblemBody } from './support/control-plane.ts';
import { publish, REGISTRY, registryProblem, startRegistry } from './support/host-registry.ts';
import { begin, OperationStream, settledOperation, succeeded } from './support/long-work.ts';
import type { SparkHost } from './support/spark-host.ts';
import { useRig } from './support/suite.ts';

const IMAGE = `${REGISTRY}/tiny:v1`;
const SPLIT = `${REGISTRY}/split:v1`;
const MODELS = {
  split: { repo: 'org/split', nodes: 2, image: SPLIT },
  pulled: { repo: 'org/pulled', nodes: 2, image: IMAGE },
  nowhere: { repo: 'org/nowhere', nodes: 2, image: `${REGISTRY}/nobodys:1` },
};

describe('section 5 over two real hosts: images', function () {
  this.timeout(90_000);
  const rig = useRig();
  let control: ControlPlane;
  let links: readonly HostLink[];
  const stops: (() => Promise<void>)[] = [];
  before(async function needsRegistry() {
    const problem = registryProblem();
    if (problem !== null) {
      if (process.env['CI']) throw new Error(problem);
      return this.skip();
    }
    for (const host of rig().hosts) stops.push(await startRegistry(host, storageOf(host)));
    links = await Promise.all(rig().hosts.map((host) => startHostLink(host)));
    control = await new ControlPlane(rig(), [rigCluster(rig(), { installation: 'modern', links })], MODELS).start();
  });
  after(async () => {
    if (control === undefined) return;
    await control.stop();
    for (const host of rig().hosts) await host.docker('rmi', '-f', IMAGE, SPLIT).catch(() => '');
    await Promise.all([...links.map((link) => link.stop()), ...stops.map((stop) => stop())]);
    for (const host of rig().hosts) rmSync(storageOf(host), { recursive: true, force: true });
  });

  const idOn = async (host: SparkHost): Promise<string> => (await host.docker('image', 'inspect', '-f', '{{.Id}}', IMAGE)).trim();
  const storageOf = (host: SparkHost): string => join(rig().directory, `section-five-registry-${host.name}`);
  const publishOn = (host: SparkHost, name: string): Promise<string> => publish(host, name, join(rig().directory, 'section-five-tiny'));
  /** The same image in the registries of both hosts. */
  const put = async (): Promise<void> => {
    const [head, worker] = rig().hosts;
    await publishOn(head!, 'tiny:v1');
    cpSync(storageOf(head!), storageOf(worker!), { recursive: true });
  };
  const pull = (): Promise<WireOperation> => begin(control, '/api/models/pulled/pull-image');

  it('are pulled on both hosts, compared by their id, and known to a pre-flight then', async () => {
    await put();
    const imageCheck = async () => {
      const { body } = await control.call<WirePreflightReport>('POST', '/api/swap/pulled/validate', {});
      return body.checks.filter(({ name }) => name === 'image').map(({ status }) => status);
    };
    expect(await imageCheck()).to.include('fail');
    const begun = await pull();
    expect(begun).to.include({ kind: 'image_pull', subject: 'pulled' });
    const stream = new OperationStream();
    await stream.open(control, begun.id);
    const over = await succeeded(control, begun);
    await stream.ended();
    const ids = await Promise.all(rig().hosts.map(idOn));
    expect(new Set(ids).size).to.equal(1);
    expect(over.result).to.include({ image: IMAGE, id: ids[0], changed: true });
    expect(over.parts.map(({ host, status }) => [host, status])).to.deep.equal([
      ['spark1', 'done'],
      ['spark2', 'done'],
    ]);
    expect(stream.lines().length).to.be.greaterThan(0);
    expect(await imageCheck()).to.not.include('fail');
  });

  it('are updated where the tag has moved, and left as they are where it has not', async () => {
    await put();
    await succeeded(control, await pull());
    const before = await idOn(rig().hosts[1]!);
    expect((await succeeded(control, await pull())).result).to.include({ id: before, changed: false });
    // An import bears its time, so the same files are another image.
    await put();
    const after = (await succeeded(control, await pull())).result;
    expect(after).to.include({ changed: true });
    expect(after?.['id']).to.not.equal(before);
    expect(await Promise.all(rig().hosts.map(idOn))).to.deep.equal([after?.['id'], after?.['id']]);
  });

  it('that differ between the hosts are told with both ids, since no model could span them', async () => {
    for (const host of rig().hosts) await publishOn(host, 'split:v1');
    const over = await settledOperation(control, await begin(control, '/api/models/split/pull-image'));
    expect(over).to.include({ state: 'failed' });
    expect(over.cause?.message).to.match(/not the same on all hosts: spark1 has sha256:\w+, spark2 has sha256:\w+/);
    expect(over.cause?.hint).to.be.a('string');
  });

  it('that no registry has are refused with the words of Docker, on the host that they came from', async () => {
    const over = await settledOperation(control, await begin(control, '/api/models/nowhere/pull-image'));
    expect(over).to.include({ state: 'failed' });
    expect(over.cause?.message).to.contain('nobodys');
    expect((await control.call<ProblemBody>('POST', '/api/models/absent/pull-image', {})).body.code).to.equal('MODEL_NOT_FOUND');
  });

  it('are refused at once while a host is away, and come when it is back', async () => {
    await links[1]!.ssh.refuse();
    const refused = await control.call<ProblemBody>('POST', '/api/models/pulled/pull-image', {});
    expect(refused.body.code).to.equal('HOST_UNREACHABLE');
    expect(refused.body.detail).to.contain('spark2');
    await links[1]!.ssh.accept();
    await put();
    const begun = await eventually('the host to be back', async () => {
      const answer = await control.call<WireOperation>('POST', '/api/models/pulled/pull-image', {});
      return answer.status === 202 ? answer.body : null;
    });
    await succeeded(control, begun);
    const { body } = await control.call<WireAuditList>('GET', '/api/audit?action=image_pulled');
    expect(body.items[0]?.note).to.equal(`${IMAGE} on spark1, spark2`);
  });
});
