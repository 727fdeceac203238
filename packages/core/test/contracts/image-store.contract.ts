import { expect } from 'chai';
import { type HostKey, type ImageStore, isSparkError, type PullProgress } from '../../src/index.ts';

/** What the suite works on. `reset` puts the images back as they are named. */
export type ImageSubject = Readonly<{
  store: ImageStore;
  hosts: readonly HostKey[];
  images: Readonly<{
    /** On every host. */
    present: string;
    /** On none; a registry has it. */
    pullable: string;
    /** On none, and no registry gives it. */
    refused: string;
  }>;
  /** Makes a host unreachable; the answer puts it back. */
  cutOff(host: HostKey): Promise<() => Promise<void>>;
  reset(): Promise<void>;
  dispose(): Promise<void>;
}>;

const NEVER = new AbortController().signal;
let jobs = 0;
const nextJob = (): string => `op_${process.pid}_i${++jobs}`;

/** The contract of `ImageStore`, for every implementation. */
export function imageStoreContract(
  name: string,
  factory: () => Promise<ImageSubject>,
  options: Readonly<{ timeoutMs?: number }> = {},
): void {
  describe(`${name} keeps the contract of the image store`, function () {
    this.timeout(options.timeoutMs ?? 60_000);
    let subject: ImageSubject;
    beforeEach(async () => {
      subject ??= await factory();
      await subject.reset();
    });
    after(() => subject?.dispose());
    describeLooks(() => subject);
    describePulls(() => subject);
  });
}

function describeLooks(subject: () => ImageSubject): void {
  it('finds an image on each host, in their order, with the same id, and says when it is missing', async () => {
    const { store, hosts, images } = subject();
    const seen = await store.inspect(images.present, NEVER);
    expect(seen.map(({ host }) => host)).to.deep.equal(hosts);
    const ids = seen.map((each) => (each.reachable ? each.image?.id : expect.fail(each.reason)));
    expect(new Set(ids).size).to.equal(1);
    expect(ids[0]).to.match(/^sha256:[0-9a-f]{64}$/);
    for (const each of seen) {
      if (each.reachable) expect(each.image?.bytes).to.be.greaterThan(0);
      if (each.reachable) expect(each.image?.architecture).to.match(/^[a-z0-9]+$/);
    }
    for (const each of await store.inspect(images.refused, NEVER)) expect(each).to.deep.include({ reachable: true, image: null });
  });

  it('says which host cannot be reached', async () => {
    const { store, hosts, images, cutOff } = subject();
    const lost = hosts[hosts.length - 1]!;
    const restore = await cutOff(lost);
    try {
      const seen = await store.inspect(images.present, NEVER);
      expect(seen.map(({ host, reachable }) => [host, reachable])).to.deep.equal(hosts.map((host) => [host, host !== lost]));
    } finally {
      await restore();
    }
  });

  it('rejects with the reason when it is aborted', async () => {
    const reason = new Error('enough waited');
    const { store, images } = subject();
    expect(await store.inspect(images.present, AbortSignal.abort(reason)).catch((error: unknown) => error)).to.equal(reason);
  });
}

function describePulls(subject: () => ImageSubject): void {
  const pull = async (image: string, job = nextJob(), signal = NEVER, hosts = subject().hosts): Promise<PullProgress[]> => {
    const progress: PullProgress[] = [];
    await subject().store.pull(
      { job, image, hosts },
      (each) => progress.push(each),
      () => {},
      signal,
    );
    return progress;
  };
  const isThere = async (image: string): Promise<readonly boolean[]> =>
    (await subject().store.inspect(image, NEVER)).map((each) => each.reachable && each.image !== null);

  it('brings an image to every host, and says how far each layer is', async () => {
    const { hosts, images } = subject();
    const progress = await pull(images.pullable);
    expect(await isThere(images.pullable)).to.deep.equal(hosts.map(() => true));
    for (const host of hosts) {
      const ofHost = progress.filter((each) => each.host === host);
      expect(ofHost.at(-1)).to.include({ layer: null, phase: 'done' });
      expect(ofHost.filter(({ layer }) => layer !== null)).to.not.deep.equal([]);
    }
    for (const { doneBytes, totalBytes } of progress) expect(doneBytes ?? 0).to.be.at.most(totalBytes ?? Number.POSITIVE_INFINITY);
  });

  it('brings it only where it was asked for', async () => {
    const { hosts, images } = subject();
    await pull(images.pullable, nextJob(), NEVER, hosts.slice(0, 1));
    expect(await isThere(images.pullable)).to.deep.equal(hosts.map((_, at) => at === 0));
  });

  it('fails in words where no registry gives it', async () => {
    const { images } = subject();
    const outcome = await pull(images.refused).catch((error: unknown) => error);
    if (!isSparkError(outcome)) expect.fail('it was expected to be refused');
    expect(outcome.code).to.equal('RUNTIME_REJECTED');
    expect(outcome.message).to.contain(images.refused);
  });

  it('is broken off by an abort', async () => {
    const { images } = subject();
    const reason = new Error('somebody cancelled');
    const enough = new AbortController();
    const { store, hosts } = subject();
    const order = { job: nextJob(), image: images.pullable, hosts };
    const broken = store.pull(
      order,
      () => enough.abort(reason),
      () => {},
      enough.signal,
    );
    expect(await broken.catch((error: unknown) => error)).to.equal(reason);
  });
}
