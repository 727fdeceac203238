import { expect } from 'chai';
import type { DownloadProgress, HostKey, HostWeights, ModelSource, WeightStore } from '../../src/index.ts';
import { refusal } from '../support/refusal.ts';

/** What the suite works on. `reset` puts the repositories back as they are named. */
export type WeightSubject = Readonly<{
  store: WeightStore;
  hosts: readonly HostKey[];
  repos: Readonly<{
    /** On every host, whole. */
    present: string;
    /** On every host, broken off. */
    half: string;
    /** On none; the hub has it. */
    absent: string;
    /** The hub does not give it. */
    refused: string;
  }>;
  paths: Readonly<{ roots: readonly string[]; good: string; missing: string }>;
  /** Makes a host unreachable; the answer puts it back. */
  cutOff(host: HostKey): Promise<() => Promise<void>>;
  reset(): Promise<void>;
  dispose(): Promise<void>;
}>;

const NEVER = new AbortController().signal;

/** The contract of `WeightStore`, for every implementation. */
export function weightStoreContract(
  name: string,
  factory: () => Promise<WeightSubject>,
  options: Readonly<{ timeoutMs?: number }> = {},
): void {
  describe(`${name} keeps the contract of the weight store`, function () {
    this.timeout(options.timeoutMs ?? 60_000);
    let subject: WeightSubject;
    beforeEach(async () => {
      subject ??= await factory();
      await subject.reset();
    });
    after(() => subject?.dispose());
    describeSurveys(() => subject);
    describePaths(() => subject);
    describeDownloads(() => subject);
    describeRemovals(() => subject);
  });
}

const repo = (name: string): ModelSource => ({ kind: 'repo', repo: name, revision: null });
let jobs = 0;
const nextJob = (): string => `op_${process.pid}_${++jobs}`;

type Reached = HostWeights & Readonly<{ reachable: true }>;
const reached = (host: HostWeights): Reached => (host.reachable ? host : expect.fail(`${host.host}: ${host.reason}`));

async function survey({ store }: WeightSubject, ...repos: readonly string[]): Promise<readonly Reached[]> {
  const questions = repos.map((name) => ({ id: name, source: repo(name) }));
  return (await store.survey(questions, NEVER)).map(reached);
}

function describeSurveys(subject: () => WeightSubject): void {
  it('finds what is there on each host, in their order, and says whether it is whole', async () => {
    const { hosts, repos } = subject();
    const seen = await survey(subject(), repos.present, repos.half, repos.absent);
    expect(seen.map(({ host }) => host)).to.deep.equal(hosts);
    for (const { stored, freeBytes } of seen) {
      expect(stored.map(({ id, complete }) => [id, complete])).to.deep.equal([
        [repos.present, true],
        [repos.half, false],
      ]);
      for (const { bytes, path } of stored) {
        expect(bytes).to.be.greaterThan(0);
        expect(path).to.contain(`models--`);
      }
      expect(freeBytes).to.be.greaterThan(0);
    }
  });

  it('tells what else is in the cache', async () => {
    const { repos } = subject();
    for (const { others } of await survey(subject(), repos.half)) expect(others.map((other) => other.repo)).to.include(repos.present);
    for (const { others } of await survey(subject(), repos.half, repos.present))
      expect(others.map((other) => other.repo)).to.not.include(repos.present);
  });

  it('says which host cannot be reached, and reports the others all the same', async () => {
    const { store, hosts, repos, cutOff } = subject();
    const lost = hosts[hosts.length - 1]!;
    const restore = await cutOff(lost);
    try {
      const seen = await store.survey([{ id: 'x', source: repo(repos.present) }], NEVER);
      expect(seen.map(({ host, reachable }) => [host, reachable])).to.deep.equal(hosts.map((host) => [host, host !== lost]));
      for (const host of seen) if (!host.reachable) expect([host.code, host.reason !== '']).to.deep.equal(['HOST_UNREACHABLE', true]);
      const verdicts = await store.checkPath(subject().paths.good, subject().paths.roots, NEVER);
      expect(verdicts.find(({ host }) => host === lost)).to.include({ ok: false });
    } finally {
      await restore();
    }
  });

  it('rejects with the reason when it is aborted', async () => {
    const reason = new Error('enough waited');
    const { store } = subject();
    for (const ask of [store.survey([], AbortSignal.abort(reason)), store.checkPath('/models/x', ['/models'], AbortSignal.abort(reason))]) {
      expect(await ask.catch((error: unknown) => error)).to.equal(reason);
    }
  });
}

function describePaths(subject: () => WeightSubject): void {
  it('takes a folder with a model below the roots, and says why not otherwise', async () => {
    const { store, hosts, paths } = subject();
    const good = await store.checkPath(paths.good, paths.roots, NEVER);
    expect(good).to.deep.equal(hosts.map((host) => ({ host, ok: true, problem: null })));
    const refused = [paths.missing, `${paths.roots[0]}/../etc`, '/etc', 'models/relative', `${paths.good}\nx`];
    for (const path of refused) {
      const verdicts = await store.checkPath(path, paths.roots, NEVER);
      expect(verdicts.map(({ host }) => host)).to.deep.equal(hosts);
      for (const { ok, problem } of verdicts) expect([ok, /\w/.test(problem ?? '')], path).to.deep.equal([false, true]);
    }
  });
}

function describeDownloads(subject: () => WeightSubject): void {
  const download = async (name: string, hosts: readonly HostKey[], job = nextJob(), signal = NEVER): Promise<DownloadProgress[]> => {
    const progress: DownloadProgress[] = [];
    const order = { job, repo: name, revision: null, hosts, token: null };
    await subject().store.download(
      order,
      (each) => progress.push(each),
      () => {},
      signal,
    );
    return progress;
  };
  const isWhole = async (name: string): Promise<readonly boolean[]> =>
    (await survey(subject(), name)).map(({ stored }) => stored[0]?.complete === true);

  it('brings a repository to every host, and says how far it is', async () => {
    const { hosts, repos } = subject();
    const progress = await download(repos.absent, hosts);
    expect(await isWhole(repos.absent)).to.deep.equal(hosts.map(() => true));
    for (const host of hosts) {
      const phases = progress.filter((each) => each.host === host).map(({ phase }) => phase);
      expect(phases[0]).to.equal('waiting');
      expect(phases.at(-1)).to.equal('done');
    }
    expect(progress.map(({ phase }) => phase)).to.include('downloading');
    for (const { doneBytes, totalBytes } of progress) expect(doneBytes ?? 0).to.be.at.most(totalBytes ?? Number.POSITIVE_INFINITY);
  });

  it('brings it only where it was asked for', async () => {
    const { hosts, repos } = subject();
    await download(repos.absent, hosts.slice(0, 1));
    expect(await isWhole(repos.absent)).to.deep.equal(hosts.map((_, at) => at === 0));
  });

  it('leaves alone what is there, and finishes what was broken off', async () => {
    const { hosts, repos } = subject();
    const progress = await download(repos.present, hosts);
    expect(progress.filter(({ phase }) => phase === 'downloading' || phase === 'copying')).to.deep.equal([]);
    await download(repos.half, hosts);
    expect(await isWhole(repos.half)).to.deep.equal(hosts.map(() => true));
  });

  it('is done at once when the same job is asked for again', async () => {
    const { hosts, repos } = subject();
    const job = nextJob();
    await download(repos.absent, hosts, job);
    const again = await download(repos.absent, hosts, job);
    expect(again.map(({ phase }) => phase)).to.not.include('downloading');
  });

  it('is broken off by an abort, and goes on under another name', async () => {
    const { hosts, repos } = subject();
    const enough = new AbortController();
    const reason = new Error('somebody cancelled');
    const order = { job: nextJob(), repo: repos.absent, revision: null, hosts, token: null };
    const broken = subject().store.download(
      order,
      ({ phase }) => phase === 'downloading' && enough.abort(reason),
      () => {},
      enough.signal,
    );
    expect(await broken.catch((error: unknown) => error)).to.equal(reason);
    await download(repos.absent, hosts);
    expect(await isWhole(repos.absent)).to.deep.equal(hosts.map(() => true));
  });

  it('fails in words where the hub refuses', async () => {
    const { hosts, repos } = subject();
    const { code, message } = await refusal(download(repos.refused, hosts));
    expect(code).to.equal('RUNTIME_REJECTED');
    expect(message).to.contain(repos.refused);
  });

  it('rejects HOST_NOT_FOUND for a host of another cluster', async () => {
    expect(await refusal(download(subject().repos.absent, ['elsewhere' as HostKey]))).to.include({ code: 'HOST_NOT_FOUND' });
  });
}

function describeRemovals(subject: () => WeightSubject): void {
  it('deletes a repository whole, on one host, and says what that freed', async () => {
    const { store, hosts, repos } = subject();
    const [first] = hosts as readonly [HostKey];
    const removal = await store.remove(first, repos.present, NEVER);
    expect(removal.host).to.equal(first);
    expect(removal.freedBytes).to.be.greaterThan(0);
    const seen = await survey(subject(), repos.present);
    expect(seen.map(({ stored }) => stored.length)).to.deep.equal(hosts.map((_, at) => (at === 0 ? 0 : 1)));
    expect(await store.remove(first, repos.present, NEVER)).to.include({ freedBytes: 0 });
  });

  it('deletes nothing but repositories', async () => {
    const { store, hosts } = subject();
    for (const name of ['..', '../../etc', 'org/..', 'a/b/c', '', '/etc/passwd', 'org/name;id']) {
      const { code } = await refusal(store.remove(hosts[0]!, name, NEVER));
      expect(['NOT_SUPPORTED', 'UNSAFE_ARGUMENT'], name).to.include(code);
    }
    expect(await refusal(store.remove('elsewhere' as HostKey, 'org/name', NEVER))).to.include({ code: 'HOST_NOT_FOUND' });
  });
}
