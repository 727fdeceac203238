import { expect } from 'chai';
import { beginOperation, cancelRequested, cancelVerdict, settleOperation, takenUp } from '../../src/operation/transitions.ts';
import { anOperation, aPart } from '../support/operation-samples.ts';

const cause = { code: 'HOST_UNREACHABLE', message: 'spark2 is away', hint: null };

describe('an operation', () => {
  const { id, kind, subject, cluster, requestedBy, reason, parts, cancellable, simulated } = anOperation('op_1', { parts: [aPart('a')] });
  const facts = { kind, subject, cluster, requestedBy, reason, parts, cancellable, simulated };

  it('begins as running, with the first revision', () => {
    expect(beginOperation(id, facts, 5_000)).to.deep.equal(anOperation('op_1', { parts: [aPart('a')], createdAt: 5_000 }));
  });

  it('may be cancelled while it runs and says that it can', () => {
    expect(cancelVerdict(anOperation('op_1'))).to.equal('accepted');
    expect(cancelVerdict(cancelRequested(anOperation('op_1'), 1))).to.equal('again');
    expect(cancelVerdict(anOperation('op_1', { cancellable: false }))).to.equal('refused');
    expect(cancelVerdict(anOperation('op_1', { state: 'failed' }))).to.equal('over');
  });

  const mixed = anOperation('op_1', {
    parts: [aPart('a', { status: 'done' }), aPart('b', { status: 'running' }), aPart('c'), aPart('d', { status: 'failed' })],
    progress: { fraction: 0.5, label: 'x', doneBytes: 1, totalBytes: 2, bytesPerSecond: 3, etaSeconds: 4 },
  });
  const endOf = (outcome: Parameters<typeof settleOperation>[1]): readonly string[] =>
    settleOperation(mixed, outcome, 9_000).parts.map(({ status }) => status);

  it('leaves no part running when it ends', () => {
    expect(endOf({ state: 'succeeded', result: {} })).to.deep.equal(['done', 'done', 'skipped', 'failed']);
    expect(endOf({ state: 'failed', cause })).to.deep.equal(['done', 'failed', 'skipped', 'failed']);
    expect(endOf({ state: 'cancelled', cause: null })).to.deep.equal(['done', 'skipped', 'skipped', 'failed']);
  });

  it('has a result or a cause, never both, and no rate any more', () => {
    const succeeded = settleOperation(mixed, { state: 'succeeded', result: { bytes: 1 } }, 9_000);
    expect(succeeded).to.deep.include({ state: 'succeeded', result: { bytes: 1 }, cause: null, cancellable: false, settledAt: 9_000 });
    expect(succeeded.progress).to.include({ fraction: 1, bytesPerSecond: null, etaSeconds: null });
    const failed = settleOperation(mixed, { state: 'failed', cause }, 9_000);
    expect(failed).to.deep.include({ state: 'failed', result: null, cause });
    expect(failed.progress).to.include({ fraction: 0.5 });
  });

  it('does not end before it began, when the clock was set back', () => {
    expect(settleOperation(mixed, { state: 'succeeded', result: {} }, 10).settledAt).to.equal(1_000);
  });

  it('that the next process takes up gets numbers which the last one cannot have told', () => {
    expect(takenUp(anOperation('op_1', { revision: 700 })).revision).to.equal(1_000_700);
  });
});
