import { Swap, WebhookPayload } from '@spark-control/schema';
import { expect } from 'chai';
import { aCause, aSwap } from '../../../core/test/support/builders.ts';
import { connectionTrouble } from '../../src/connection-trouble.ts';
import { payloadOf } from '../../src/webhooks/payload.ts';
import { parseRetryAfter } from '../../src/webhooks/retry-after.ts';
import { signatureOf } from '../../src/webhooks/signature.ts';
import { expectFits } from '../support/documented.ts';
import { NOTICES } from './samples.ts';

describe('the body of a webhook', () => {
  for (const notice of Object.values(NOTICES)) {
    it(`of ${notice.type} has type, timestamp, sequence and data, and is always the same`, () => {
      const payload = payloadOf(notice);
      expectFits(WebhookPayload, payload, notice.type);
      expect(payload).to.include({ type: notice.type, sequence: notice.sequence, timestamp: '2023-11-14T22:13:20.000Z' });
      // A notice comes back from the store as JSON.
      expect(JSON.stringify(payloadOf(JSON.parse(JSON.stringify(notice))))).to.equal(JSON.stringify(payload));
      expect(JSON.stringify(payload)).to.not.match(/"[a-z]+[A-Z][A-Za-z]*":/, 'snake_case only');
      expect(Buffer.byteLength(JSON.stringify(payload)), 'Standard Webhooks asks for less than 20 kB').to.be.lessThan(20_000);
    });
  }

  it('of a swap is the swap and where its model is to be had', () => {
    const { data } = payloadOf(NOTICES.swap_complete);
    expect(data).to.deep.include({
      id: 'swp_1',
      cluster: 'default',
      model: 'qwen',
      outcome: 'ready',
      settled: true,
      serving: 'qwen',
      endpoint: { base_url: 'http://spark-1.local:8000/v1', model_id: 'qwen', max_model_len: 32_768 },
    });
    expect(payloadOf(NOTICES.swap_started).data).to.deep.include({ outcome: null, settled: false, endpoint: null });
  });

  it('of a swap that failed has its log lines, shortened to what a webhook should carry', () => {
    const logTail = Array.from({ length: 40 }, (_, line) => `${line} ${'💥'.repeat(1_000)}`);
    const swap = aSwap({ phase: 'failed', cause: aCause({ logTail }) });
    const payload = payloadOf({ ...NOTICES.swap_complete, type: 'swap_failed', swap, endpoint: null });
    const { endpoint: _endpoint, ...told } = payload.data;
    expectFits(Swap, told, 'swap');
    const { log_tail } = payload.data['cause'] as { log_tail: string[] };
    expect(log_tail).to.have.length(40);
    expect(log_tail[7]).to.match(/^7 (💥)+ \[cut\]$/u);
    expect(Buffer.byteLength(JSON.stringify(payload))).to.be.lessThan(20_000);
  });

  it('of a lock has the lock, and who broke it and why', () => {
    expect(payloadOf(NOTICES.lock_broken).data).to.deep.equal({
      cluster: 'default',
      lock: {
        holder: 'cron',
        reason: 'night',
        fence: 7,
        implicit: false,
        acquired_at: '2023-11-14T22:13:20.000Z',
        expires_at: '2023-11-14T22:14:20.000Z',
        remaining_seconds: 59.5,
      },
      by: 'anna',
      note: 'the job hangs',
    });
  });

  it('of a model has what was seen of its cluster', () => {
    expect(payloadOf(NOTICES.model_unhealthy).data).to.deep.include({
      cluster: 'default',
      serving: 'qwen',
      state: 'unhealthy',
      healthy: false,
      unreachable: [{ host: 'spark2', reason: 'silent' }],
      endpoint: { base_url: 'http://spark-1.local:8000/v1', model_id: 'qwen', max_model_len: 32_768 },
    });
  });

  it('of an automation has the run that failed', () => {
    const { data } = payloadOf(NOTICES.automation_failed);
    expect(data).to.deep.include({ cluster: null, automation: { id: 'aut_1', name: 'nightly' } });
    expect(data['run']).to.include({ id: 'run_1', outcome: 'failed', detail: 'The lock was held.', swap_id: 'swp_9' });
    expect(payloadOf(NOTICES.test).data).to.deep.equal({ by: 'anna' });
  });
});

describe('the signature', () => {
  it('is that of the specification', () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const body = '{"test": 2432232314}';
    const expected = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
    expect(signatureOf([secret], 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, body)).to.equal(expected);
    expect(signatureOf([secret.slice(6)], 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, body)).to.equal(expected);
    expect(signatureOf([], 'dlv_1', 1, body)).to.equal(null);
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(1994, 10, 6, 8, 49, 7);
  for (const [header, ms] of [
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7_000],
    ['99999999999999999999999', 86_400_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 30_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 30_000],
    ['Sun Nov  6 08:49:37 1994', 30_000],
    ['Sun, 06 Nov 1994 08:49:00 GMT', 0],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 86_400_000],
    ['Sun, 99 Nov 1994 08:49:37 GMT', null],
    ['1994-11-06T08:49:37Z', null],
    ['-5', null],
    ['1.5', null],
    ['1e3', null],
    ['soon', null],
    ['', null],
    [undefined, null],
  ] as const)
    it(`of ${JSON.stringify(header)} is ${ms}`, () => expect(parseRetryAfter(header, now)).to.equal(ms));
});

describe('trouble with a connection', () => {
  it('is told in words and never in those of a library', () => {
    for (const code of [
      'ECONNREFUSED',
      'CERT_HAS_EXPIRED',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'HPE_INVALID_CONSTANT',
      'EWHATEVER',
      undefined,
    ]) {
      const error = Object.assign(new Error('connect E 10.0.0.1:80 - Local (0.0.0.0:0)'), { code });
      expect(connectionTrouble(error), String(code))
        .to.match(/^[a-z][a-zA-Z_' ()]+$/)
        .and.to.not.contain('connect E');
    }
    for (const thrown of [null, undefined, 'text', 7, {}]) expect(connectionTrouble(thrown)).to.equal('the connection failed');
  });
});
