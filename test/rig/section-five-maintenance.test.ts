import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { WireAuditList, WireLock, WireOperation, WireUpdatePlan } from '@spark-control/schema';
import { expect } from 'chai';
import { type HostLink, rigCluster, startHostLink } from './support/cluster.ts';
import { eventually } from './support/commands.ts';
import { type Answer, ControlPlane, type ProblemBody } from './support/control-plane.ts';
import { begin, expectStatus, OperationStream, settledOperation, succeeded } from './support/long-work.ts';
import { equipWithPackages, type PackageHost } from './support/package-host.ts';
import { useRig } from './support/suite.ts';

const MODELS = { alpha: { repo: 'org/alpha', nodes: 2, weights_gib: 1 } };
/** What an update of the machine below would change first. */
const packagesOfMachine = (): string =>
  createHash('sha256').update(readFileSync('/var/lib/dpkg/status')).update(readdirSync('/var/cache/apt/archives').join()).digest('hex');

describe('section 5 over two real hosts: updates and reboots', function () {
  this.timeout(120_000);
  const rig = useRig();
  let control: ControlPlane;
  let links: readonly HostLink[];
  let machine: string;
  before(async () => {
    machine = packagesOfMachine();
    links = await Promise.all(rig().hosts.map((host) => startHostLink(host)));
    control = await new ControlPlane(rig(), [rigCluster(rig(), { installation: 'modern', links })], MODELS).start();
  });
  after(async () => {
    await control.stop();
    await Promise.all(links.map((link) => link.stop()));
    expect(packagesOfMachine()).to.equal(machine);
  });

  type Update = Answer<WireOperation & ProblemBody>;
  const plan = async (host: string): Promise<WireUpdatePlan> =>
    expectStatus(await control.call<WireUpdatePlan>('GET', `/api/hosts/${host}/updates`), 200);
  const update = (host: string, body: object): Promise<Update> => control.call('POST', `/api/hosts/${host}/updates`, body);

  it("plans what the host's own apt says, asks for rights where there are none, and refuses to begin without", async () => {
    const said = (await rig().hosts[0]!.exec(['/usr/bin/apt-get', '-s', 'dist-upgrade'], { as: 'user' })).stdout;
    const lines = said.split('\n').filter((line) => /^(Inst|Remv|Purg) /.test(line));
    const shown = await plan('spark1');
    expect(shown.packages.map(({ name }) => name).sort()).to.deep.equal(
      lines.map((line) => line.split(' ')[1]?.replace(/:\w+$/, '')).sort(),
    );
    expect(shown.os).to.match(/\S/);
    expect(shown.free.map(({ path }) => path)).to.include('/');
    expect(shown.blockers.join(' ')).to.contain('spark cannot act as root').and.to.contain('/etc/sudoers.d/spark-control');
    const refused = await update('spark1', { plan: shown.id, accept_danger: true });
    expect([refused.status, refused.body.code]).to.deep.equal([422, 'PREFLIGHT_FAILED']);
    const { body: lock } = await control.call<WireLock>('GET', '/api/swap/lock');
    expect(lock.held).to.equal(false);
  });

  describe('with packages of their own', () => {
    let packages: readonly PackageHost[];
    beforeEach(async () => {
      packages = await Promise.all(rig().hosts.map(equipWithPackages));
    });
    afterEach(async () => {
      await Promise.all(packages.map((each) => each.restore()));
    });

    it('flag what is known to be bad in what the real apt-get would do, and hold to the lock, the plan and the consent', async () => {
      const shown = await plan('spark1');
      const lines = shown.packages.map(({ name, action, section, risk }) => [name, action, section, risk]);
      expect(lines).to.deep.equal([
        ['linux-image-7.0.0-1019-nvidia', 'install', 'kernel', 'danger'],
        ['linux-nvidia-hwe-24.04', 'upgrade', 'kernel', 'danger'],
        ['nvidia-utils', 'upgrade', 'nvidia', 'danger'],
        ['docker-ce', 'upgrade', 'docker', 'caution'],
        ['libplain', 'upgrade', 'other', 'none'],
      ]);
      expect(shown).to.deep.include({ risk: 'danger', held: ['libheld'], blockers: [], firmware: null });
      expect(shown.reboot.expected).to.equal(true);
      expect(shown.commands.join('\n')).to.contain('dist-upgrade').and.to.contain('systemctl reboot');
      const answers = {
        'another plan': await update('spark1', { plan: 'upd_0' }),
        'no consent': await update('spark1', { plan: shown.id }),
        'a dead lock': await update('spark1', { plan: shown.id, accept_danger: true, lock_id: 'lck_0' }),
      };
      expect(Object.entries(answers).map(([what, { status, body }]) => [what, status, body.code])).to.deep.equal([
        ['another plan', 412, 'STALE_REVISION'],
        ['no consent', 422, 'PREFLIGHT_FAILED'],
        ['a dead lock', 412, 'FENCED_OFF'],
      ]);
      const lock = { holder: 'somebody', ttl_seconds: 60 };
      const { lock_id } = expectStatus(await control.call<{ lock_id: string }>('POST', '/api/swap/lock', lock), 201);
      const locked = await update('spark1', { plan: shown.id, accept_danger: true });
      expect([locked.status, locked.body.code]).to.deep.equal([423, 'LOCKED']);
      await control.call('DELETE', '/api/swap/lock', { lock_id });
      expect(packages.flatMap((each) => each.calls())).to.deep.equal([]);
    });

    it('unload the model, carry the update out as a job that a cut link does not disturb, reboot, verify and load again', async () => {
      const swap = await control.swap({ model: 'alpha' });
      expect(swap, JSON.stringify(swap.cause)).to.include({ phase: 'ready' });
      const [, tools] = packages;
      tools!.closeGate();
      const shown = await plan('spark2');
      const begun = await begin(control, '/api/hosts/spark2/updates', { plan: shown.id, accept_danger: true, drain_seconds: 0 });
      const stream = new OperationStream();
      await stream.open(control, begun.id);
      await eventually('the update to run', () => stream.lines().includes('Unpacking linux-image-7.0.0-1019-nvidia ...'), 30_000);
      expect((await control.call<WireLock>('GET', '/api/swap/lock')).body.held).to.equal(true);
      expect((await control.requestSwap({ model: 'alpha' })).status).to.equal(423);
      await links[1]!.ssh.refuse();
      tools!.openGate();
      await eventually(
        'the update to end without us',
        async () => (await rig().hosts[1]!.exec(['test', '-e', '/run/reboot-required'])).code === 0,
      );
      await links[1]!.ssh.accept();
      await eventually('the order to reboot', () => tools!.calls().includes('systemctl reboot'), 30_000);
      await rebooted(1, tools!);
      const over = await succeeded(control, begun, 90_000);
      await stream.ended();
      expect(over.result).to.deep.include({ restored: 'alpha' });
      expect(over.result).to.have.nested.property('hosts[0].rebooted', true);
      const printed = stream.lines().filter((line) => /^(Unpacking|Setting up)/.test(line));
      expect(printed).to.have.length(10);
      expect(new Set(printed).size).to.equal(10);
      expect(tools!.calls().filter((call) => call.includes('dist-upgrade'))).to.have.length(1);
      expect(tools!.calls().at(-1)).to.equal('systemctl reboot');
      expect(packages[0]!.calls()).to.deep.equal([]);
      expect((await plan('spark2')).packages).to.deep.equal([]);
      const { body: audit } = await control.call<WireAuditList>('GET', '/api/audit?action=host_updated');
      expect(audit.items.map(({ target }) => target)).to.deep.equal(['spark2']);
      expect((await control.swap({ model: null })).phase).to.equal('ready');
    });

    it('reboot a host that was named twice: the order comes once, and the work ends when another boot answers', async () => {
      const [tools] = packages;
      const odd = await control.call<ProblemBody>('POST', '/api/hosts/spark1/reboot', { confirm: 'spark2' });
      expect([odd.status, odd.body.issues?.[0]?.path]).to.deep.equal([422, '/confirm']);
      tools!.forbidRoot(true);
      const noRights = await control.call<ProblemBody>('POST', '/api/hosts/spark1/reboot', { confirm: 'spark1' });
      expect([noRights.status, noRights.body.code]).to.deep.equal([422, 'PREFLIGHT_FAILED']);
      tools!.forbidRoot(false);
      const begun = await begin(control, '/api/hosts/spark1/reboot', { confirm: 'spark1', reason: 'new firmware' });
      const again = await control.call<ProblemBody>('POST', '/api/hosts/spark1/reboot', { confirm: 'spark1' });
      expect(again.status).to.be.oneOf([409, 423]);
      await eventually('the order to reboot', () => tools!.calls().length > 0, 30_000);
      expect((await control.call<WireOperation>('GET', `/api/operations/${begun.id}`)).body).to.include({
        state: 'running',
        cancellable: false,
      });
      await rebooted(0, tools!);
      const over = await succeeded(control, begun);
      expect(over).to.include({ kind: 'host_reboot', subject: 'spark1', reason: 'new firmware' });
      expect(tools!.calls()).to.deep.equal(['systemctl reboot']);
      expect((await control.call<WireLock>('GET', '/api/swap/lock')).body.held).to.equal(false);
    });

    /** The machine goes away with everything on it, and comes back as another boot. */
    async function rebooted(index: number, tools: PackageHost): Promise<void> {
      const host = rig().hosts[index]!;
      await links[index]!.ssh.refuse();
      const ids = (await host.docker('ps', '-aq')).split('\n').filter((id) => id !== '');
      if (ids.length > 0) await host.docker('rm', '-f', ...ids);
      await tools.boot();
      await links[index]!.ssh.accept();
    }

    it('say how an update failed, with the end of its output, and give the lock back', async () => {
      const [tools] = packages;
      const shown = await plan('spark1');
      tools!.closeGate();
      const begun = await begin(control, '/api/hosts/spark1/updates', { plan: shown.id, accept_danger: true, reboot: 'never' });
      await eventually('the update to run', () => tools!.calls().some((call) => call.includes('dist-upgrade')), 30_000);
      const pids = await rig().hosts[0]!.exec(['pgrep', '-f', '/run/rig/bin/apt-get']);
      expect((await rig().hosts[0]!.exec(['kill', '-KILL', ...pids.stdout.trim().split('\n')])).code).to.equal(0);
      const over = await settledOperation(control, begun);
      expect(over).to.include({ state: 'failed' });
      expect(over.cause?.message).to.contain('spark1');
      expect((await control.call<WireLock>('GET', '/api/swap/lock')).body.held).to.equal(false);
    });
  });
});
