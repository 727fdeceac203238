import { expect } from 'chai';
import type { AnswerStore, StoredAnswer } from '../../src/index.ts';

export type AnswersSubject = Readonly<{ answers: AnswerStore; dispose: () => Promise<void> }>;

const DAY_MS = 24 * 3600 * 1000;
const answer: StoredAnswer = { status: 202, headers: { location: '/api/swap/swp_1' }, body: '{"id":"swp_1"}' };

/** The contract of {@link AnswerStore}, for every implementation. */
export function describeAnswerStore(name: string, make: () => Promise<AnswersSubject>): void {
  describe(`${name} keeps the contract of the answer store`, () => {
    let subject: AnswersSubject;
    beforeEach(async () => {
      subject = await make();
    });
    afterEach(() => subject.dispose());

    it('lets the first call through and tells the second that it still runs', async () => {
      expect(await subject.answers.begin('key', 'hash', 0)).to.deep.equal({ kind: 'new' });
      expect(await subject.answers.begin('key', 'hash', 1)).to.deep.equal({ kind: 'running' });
    });

    it('lets exactly one of many equal calls made at once through', async () => {
      const calls = Array.from({ length: 10 }, () => subject.answers.begin('key', 'hash', 0));
      const kinds = (await Promise.all(calls)).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'new')).to.have.length(1);
      expect(kinds.filter((kind) => kind === 'running')).to.have.length(9);
    });

    it('replays the answer once it is there', async () => {
      await subject.answers.begin('key', 'hash', 0);
      await subject.answers.complete('key', answer, 5);
      expect(await subject.answers.begin('key', 'hash', 6)).to.deep.equal({ kind: 'replay', answer });
    });

    it('knows another body under the same key, while it runs and afterwards', async () => {
      await subject.answers.begin('key', 'hash', 0);
      expect(await subject.answers.begin('key', 'another', 1)).to.deep.equal({ kind: 'other_body' });
      await subject.answers.complete('key', answer, 2);
      expect(await subject.answers.begin('key', 'another', 3)).to.deep.equal({ kind: 'other_body' });
    });

    it('keeps keys apart', async () => {
      await subject.answers.begin('one', 'hash', 0);
      expect(await subject.answers.begin('two', 'hash', 0)).to.deep.equal({ kind: 'new' });
    });

    it('lets a call run again after it was abandoned', async () => {
      await subject.answers.begin('key', 'hash', 0);
      await subject.answers.abandon('key');
      expect(await subject.answers.begin('key', 'another', 1)).to.deep.equal({ kind: 'new' });
    });

    it('does not forget an answer because of a late abandon', async () => {
      await subject.answers.begin('key', 'hash', 0);
      await subject.answers.complete('key', answer, 1);
      await subject.answers.abandon('key');
      expect(await subject.answers.begin('key', 'hash', 2)).to.deep.equal({ kind: 'replay', answer });
    });

    it('keeps an answer for 24 hours and not longer', async () => {
      await subject.answers.begin('key', 'hash', 0);
      await subject.answers.complete('key', answer, 1_000);
      expect((await subject.answers.begin('key', 'hash', DAY_MS + 999)).kind).to.equal('replay');
      expect((await subject.answers.begin('key', 'another', DAY_MS + 1_000)).kind).to.equal('new');
    });

    it('ignores the answer of a key that nobody began', async () => {
      await subject.answers.complete('key', answer, 0);
      expect(await subject.answers.begin('key', 'hash', 1)).to.deep.equal({ kind: 'new' });
    });
  });
}
