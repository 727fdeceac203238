import { expect } from 'chai';
import { type HostKey, hostKey, isSparkError, type NimHost, type NimOrder, type PullProgress } from '../../src/index.ts';

export type NimSubject = Readonly<{
  nim: NimHost;
  host: HostKey;
  key: string;
  /** Free on the host; the next one is, too. */
  port: number;
  images: Readonly<{ good: string; second: string; wrongProcessor: string; crashing: string }>;
  /** How often an image was really pulled. */
  pulls?: () => number;
  reset(): Promise<void>;
  dispose(): Promise<void>;
}>;

const NEVER = new AbortController().signal;
const codeOf = async (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'resolved',
    (error: unknown) => (isSparkError(error) ? error.code : `${error}`),
  );

/** What every host for NIM containers promises. Nothing of it waits for more than the subject's own time. */
export function nimHostContract(name: string, build: () => Promise<NimSubject>): void {
  describe(`${name} as a host for NIM containers`, function () {
    this.timeout(60_000);
    let subject: NimSubject;
    let order: NimOrder;
    before(async () => {
      subject = await build();
    });
    beforeEach(async () => {
      await subject.reset();
      const { good } = subject.images;
      order = {
        job: 'op_1',
        image: good,
        container: 'nim-one',
        port: subject.port,
        cache: '~/.cache/nim',
        env: { NIM_X: `a 'b' $c` },
        replace: false,
        shmGib: 16,
      };
    });
    after(() => subject.dispose());

    const pull = async (over: Partial<NimOrder> = {}, key: string | null = subject.key): Promise<readonly PullProgress[]> => {
      const told: PullProgress[] = [];
      await subject.nim.pull(
        subject.host,
        { ...order, ...over },
        key,
        (progress) => told.push(progress),
        () => undefined,
        NEVER,
      );
      return told;
    };
    const run = (over: Partial<NimOrder> = {}) => subject.nim.run(subject.host, { ...order, ...over }, subject.key, NEVER);
    const survey = (over: Partial<NimOrder> = {}) => subject.nim.survey(subject.host, { ...order, ...over }, NEVER);
    const loaded = async (over: Partial<NimOrder> = {}): Promise<string> => {
      for (;;) {
        const { ready, detail } = await subject.nim.ready(subject.host, { ...order, ...over }, NEVER);
        if (ready) return detail;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };

    it('says what the host is like', async () => {
      const site = await survey();
      expect(site).to.include({ hasImage: false, portOwner: null, container: null });
      expect(site.architecture).to.match(/^(arm64|amd64)$/);
    });

    it('takes a good key and tells what an image is made for', async () => {
      await subject.nim.login(subject.host, order.image, subject.key, NEVER);
      const { architecture } = await survey();
      const { architectures, image } = await subject.nim.inspect(subject.host, order.image, subject.key, NEVER);
      expect([image, architectures.includes(architecture ?? '')]).to.deep.equal([order.image, true]);
      const other = await subject.nim.inspect(subject.host, subject.images.wrongProcessor, subject.key, NEVER);
      expect(other.architectures.length).to.be.greaterThan(0);
      expect(other.architectures).to.not.include(architecture);
    });

    it('refuses a wrong key, and an image without a key that wants one, as RUNTIME_REJECTED', async () => {
      expect(await codeOf(subject.nim.login(subject.host, order.image, 'nvapi-wrong-key', NEVER))).to.equal('RUNTIME_REJECTED');
      expect(await codeOf(subject.nim.inspect(subject.host, order.image, null, NEVER))).to.equal('RUNTIME_REJECTED');
    });

    it('pulls an image layer by layer, once per job', async () => {
      const told = await pull();
      const layers = new Map(told.filter(({ layer }) => layer !== null).map((progress) => [progress.layer, progress]));
      expect(layers.size).to.be.greaterThan(0);
      for (const { phase } of layers.values()) expect(phase).to.equal('done');
      expect((await survey()).hasImage).to.equal(true);
      const before = subject.pulls?.();
      await pull({}, null);
      expect(subject.pulls?.()).to.equal(before);
    });

    it('starts a container, once per job, and tells when it is loaded', async () => {
      await pull();
      await run();
      await run();
      expect(await loaded()).to.be.a('string');
      expect((await survey()).container).to.deep.equal({ running: true, job: 'op_1' });
      expect((await survey()).portOwner).to.equal('container nim-one');
      expect((await survey({ container: 'nim-two' })).portOwner).to.be.a('string');
      expect((await survey({ port: subject.port + 1 })).portOwner).to.equal(null);
    });

    it('refuses a name that is taken, and leaves the container alone', async () => {
      await pull();
      await run();
      expect(await codeOf(run({ job: 'op_2', port: subject.port + 1 }))).to.equal('RUNTIME_REJECTED');
      expect((await survey()).container).to.deep.equal({ running: true, job: 'op_1' });
    });

    it('replaces a container, and brings it back when the new one is not wanted', async () => {
      await pull();
      await run();
      await pull({ job: 'op_2', image: subject.images.second });
      const second = { job: 'op_2', image: subject.images.second, replace: true };
      await run(second);
      expect((await survey()).container).to.deep.equal({ running: true, job: 'op_2' });
      expect(await subject.nim.settle(subject.host, { ...order, ...second }, 'old', NEVER)).to.equal(true);
      expect((await survey()).container).to.deep.equal({ running: true, job: 'op_1' });
      expect(await subject.nim.settle(subject.host, { ...order, ...second }, 'old', NEVER)).to.equal(false);
      expect((await survey()).container).to.deep.equal({ running: true, job: 'op_1' });
    });

    it('lets what was replaced go when the new one is wanted', async () => {
      await pull();
      await run();
      const second = { job: 'op_2', replace: true };
      await pull(second);
      await run(second);
      expect(await subject.nim.settle(subject.host, { ...order, ...second }, 'new', NEVER)).to.equal(true);
      expect(await subject.nim.settle(subject.host, { ...order, ...second }, 'new', NEVER)).to.equal(false);
      expect((await survey()).container).to.deep.equal({ running: true, job: 'op_2' });
    });

    it('removes a first container that is not wanted', async () => {
      await pull();
      await run();
      expect(await subject.nim.settle(subject.host, order, 'old', NEVER)).to.equal(true);
      expect((await survey()).container).to.equal(null);
    });

    it('rejects RUNTIME_REJECTED when a container ends while it loads, or is not there', async () => {
      await pull({ image: subject.images.crashing });
      expect(await codeOf(subject.nim.ready(subject.host, order, NEVER))).to.equal('RUNTIME_REJECTED');
      await run({ image: subject.images.crashing });
      expect(await codeOf(loaded())).to.equal('RUNTIME_REJECTED');
    });

    it('knows no host of another name', async () => {
      const nobody = hostKey('nobody');
      expect(await codeOf(subject.nim.survey(nobody, order, NEVER))).to.equal('HOST_NOT_FOUND');
      expect(await codeOf(subject.nim.run(nobody, order, null, NEVER))).to.equal('HOST_NOT_FOUND');
      expect(await codeOf(subject.nim.settle(nobody, order, 'old', NEVER))).to.equal('HOST_NOT_FOUND');
    });

    it('rejects with the reason of a signal that aborts', async () => {
      const caller = new AbortController();
      const reason = new Error('the caller has gone');
      const call = subject.nim.pull(
        subject.host,
        order,
        subject.key,
        () => caller.abort(reason),
        () => undefined,
        caller.signal,
      );
      caller.abort(reason);
      const caught: unknown = await call.catch((error: unknown) => error);
      expect(caught).to.equal(reason);
    });
  });
}
