import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { isSparkError, type PatchContent, type Service, type ServiceHost } from '../../src/index.ts';

/**
 * A service whose container runs and has `/srv/app/known.py` with {@link ORIGINAL} in it and no `/srv/app/fresh.py`. The last line of its
 * log is `ready`, and one above it says `API_KEY=` and {@link LOGGED_SECRET}.
 */
export type ServiceHostSubject = Readonly<{
  host: ServiceHost;
  service: Service;
  /** A file of the container; `null`: not there. */
  read(target: string): Promise<string | null>;
  /** The container is removed and made anew, as after an update of its image. */
  makeAnew(): Promise<void>;
  /** The container is gone; nothing else of that name comes. */
  remove(): Promise<void>;
}>;

export const ORIGINAL = 'print("as it came")\n';
export const LOGGED_SECRET = 'hunter2-hunter2-hunter2';
const KNOWN = '/srv/app/known.py';
const FRESH = '/srv/app/fresh.py';
const NEVER = new AbortController().signal;
const MIB = 2 ** 20;

export const patchOf = (name: string, target: string, text: string): PatchContent => {
  const content = Buffer.from(text);
  return { name, source: `/patches/${name}`, target, content, digest: createHash('sha256').update(content).digest('hex') };
};

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const both = [patchOf('known', KNOWN, 'print("patched")\n'), patchOf('fresh', FRESH, "it's \\ new $(touch /x) `y`\n\u00e4\n")];

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    if (isSparkError(error)) return error.code;
    throw error;
  }
}

export function describeServiceHost(name: string, make: () => Promise<ServiceHostSubject>): void {
  describe(`${name} as the host of services`, () => {
    let subject: ServiceHostSubject;
    beforeEach(async () => {
      subject = await make();
    });
    const look = () => subject.host.facts(subject.service, NEVER);

    it('tells the facts of a container, and that there is none', async () => {
      const facts = await look();
      expect(facts).to.include({ name: subject.service.container, status: 'running', memoryLimitBytes: null });
      expect(facts?.id).to.match(/^[0-9a-f]{64}$/);
      expect(facts?.startedAt).to.be.greaterThan(0);
      await subject.remove();
      expect(await look()).to.equal(null);
      expect(await codeOf(subject.host.restart(subject.service, NEVER))).to.equal('RUNTIME_REJECTED');
    });

    it('shows the end of the log without secrets', async () => {
      const all = await subject.host.logs(subject.service, 100, NEVER);
      expect(all.at(-1)).to.equal('ready');
      expect(all.join('\n')).to.contain('API_KEY=***').and.not.to.contain(LOGGED_SECRET);
      expect(await subject.host.logs(subject.service, 1, NEVER)).to.deep.equal(['ready']);
    });

    it('restarts a container, which runs again', async () => {
      const before = await look();
      await subject.host.restart(subject.service, NEVER);
      const after = await look();
      expect(after).to.include({ id: before?.id, status: 'running' });
      expect(after?.startedAt).to.be.at.least(before?.startedAt ?? 0);
    });

    it('caps the memory, lifts the cap, and takes it away', async () => {
      const { host, service } = subject;
      expect(await host.limitMemory(service, 128 * MIB, NEVER)).to.equal(128 * MIB);
      expect(await look()).to.include({ memoryLimitBytes: 128 * MIB });
      expect(await host.limitMemory(service, 192 * MIB, NEVER)).to.equal(192 * MIB);
      expect(await host.limitMemory(service, null, NEVER)).to.equal(null);
      expect(await look()).to.include({ memoryLimitBytes: null });
    });

    it('says what patched files are like before anything is written', async () => {
      const survey = await subject.host.patches.inspect(subject.service, both, NEVER);
      expect(survey.container).to.equal((await look())?.id);
      expect(survey.files).to.deep.equal([
        { name: 'known', target: KNOWN, wanted: both[0]?.digest, current: digest(ORIGINAL) },
        { name: 'fresh', target: FRESH, wanted: both[1]?.digest, current: null },
      ]);
      expect(await subject.host.patches.backup(subject.service, NEVER)).to.equal(null);
    });

    it('patches byte by byte, and undoes all of it', async () => {
      const { host, service, read } = subject;
      const applied = await host.patches.apply(service, both, 'op_1', NEVER);
      expect(applied.every(({ wanted, current }) => wanted === current)).to.equal(true);
      expect(await read(FRESH)).to.equal(Buffer.from(both[1]!.content).toString());
      const backup = await host.patches.backup(service, NEVER);
      expect(backup).to.deep.include({ id: 'op_1', isOfThisContainer: true });
      expect(backup?.files).to.deep.equal([
        { name: 'known', target: KNOWN, saved: digest(ORIGINAL), current: both[0]?.digest },
        { name: 'fresh', target: FRESH, saved: null, current: both[1]?.digest },
      ]);
      const undone = await host.patches.undo(service, 'op_1', NEVER);
      expect(undone.map(({ current }) => current)).to.deep.equal([digest(ORIGINAL), null]);
      expect([await read(KNOWN), await read(FRESH)]).to.deep.equal([ORIGINAL, null]);
      expect(await host.patches.backup(service, NEVER)).to.equal(null);
      expect(await codeOf(host.patches.undo(service, 'op_1', NEVER))).to.equal('NOT_SUPPORTED');
    });

    it('survives a restart of the container, and undoes the newest backup first', async () => {
      const { host, service, read } = subject;
      await host.patches.apply(service, both, 'op_1', NEVER);
      await host.restart(service, NEVER);
      expect(await read(KNOWN)).to.equal('print("patched")\n');
      const again = [patchOf('known', KNOWN, 'print("patched again")\n')];
      await host.patches.apply(service, again, 'op_2', NEVER);
      await host.patches.undo(service, 'op_2', NEVER);
      expect(await read(KNOWN)).to.equal('print("patched")\n');
      expect((await host.patches.backup(service, NEVER))?.id).to.equal('op_1');
    });

    it('leaves everything as it was when one of the files cannot be written', async () => {
      const { host, service, read } = subject;
      const hopeless = [...both, patchOf('lost', '/no/such/folder/x.py', 'x')];
      expect(await codeOf(host.patches.apply(service, hopeless, 'op_1', NEVER))).to.equal('RUNTIME_REJECTED');
      expect([await read(KNOWN), await read(FRESH)]).to.deep.equal([ORIGINAL, null]);
      expect(await host.patches.backup(service, NEVER)).to.equal(null);
    });

    it('undoes nothing in a container that was made anew since', async () => {
      const { host, service, read } = subject;
      await host.patches.apply(service, both, 'op_1', NEVER);
      await subject.makeAnew();
      expect(await host.patches.backup(service, NEVER)).to.include({ id: 'op_1', isOfThisContainer: false });
      expect(await codeOf(host.patches.undo(service, 'op_1', NEVER))).to.equal('NOT_SUPPORTED');
      expect(await read(KNOWN)).to.equal(ORIGINAL);
    });

    it('changes nothing of what is only watched, and has no login where a service runs elsewhere', async () => {
      const { host, service } = subject;
      const watched: Service = { ...service, kind: 'vllm' };
      expect(await host.facts(watched, NEVER)).to.include({ status: 'running' });
      const elsewhere: Service = { ...service, url: 'http://far.lan', port: null };
      const refused = [
        host.restart(watched, NEVER),
        host.limitMemory(watched, null, NEVER),
        host.patches.apply(watched, both, 'op_1', NEVER),
        host.facts(elsewhere, NEVER),
        host.logs({ ...service, container: null }, 1, NEVER),
        host.restart({ ...service, isDisabled: true }, NEVER),
      ];
      expect(await Promise.all(refused.map(codeOf))).to.deep.equal(refused.map(() => 'NOT_SUPPORTED'));
    });
  });
}
