import { expect } from 'chai';
import { aGrant, aHeldLock, aLock } from '../../packages/web-ui/test/support/coordination-builders.ts';
import { aCluster, iso } from '../../packages/web-ui/test/support/wire-builders.ts';
import { aBusyLock } from './support/coordination-script.ts';
import { runningSwap } from './support/page-script.ts';
import { type Answer, ok, problem } from './support/stub-answer.ts';
import type { StubApi } from './support/stub-api.ts';
import { useStubPages } from './support/stub-pages.ts';

/** What a browser says of an answer that refuses. */
const REFUSED = /status of (404|409|410|412|422|423)/;

const GRANT = aGrant({ fence: 413 });
/** The lock as everybody sees it once alice has been granted it. */
const alices = (seconds = 3_600) =>
  aHeldLock({ holder: 'alice', reason: null, fence: 413, expires_at: iso(Date.now() + seconds * 1_000), remaining_seconds: seconds });

describe('the lock in a browser', function () {
  this.timeout(30_000);
  const { open, asked, isQuiet, button, ...pages } = useStubPages();
  let stub: StubApi;
  beforeEach(() => {
    stub = pages.stub();
  });

  it('shows who holds the GPU, why, until when and who waits, as it changes', async () => {
    const page = await open('/');
    const lock = page.locator('sc-lock');
    await lock.getByRole('heading', { name: 'Nobody holds the GPU' }).waitFor();
    stub.lock(aBusyLock());
    await lock.getByRole('heading', { name: 'nightly-batch' }).waitFor();
    expect(await lock.textContent())
      .to.contain('evaluation run')
      .and.to.contain('until');
    expect(await lock.getByRole('list', { name: 'Who waits for the lock' }).getByRole('listitem').allInnerTexts()).to.have.length(2);
    const first = await lock.getByRole('timer').textContent();
    await page.waitForFunction((before) => document.querySelector('[role="timer"]')?.textContent !== before, first);
    expect(await lock.getByRole('timer').textContent()).to.match(/^59:5\d$/);
    stub.lock(aLock({ last_fence: 412 }));
    await lock.getByRole('heading', { name: 'Nobody holds the GPU' }).waitFor();
    expect(await lock.getByRole('timer').count()).to.equal(0);
    isQuiet();
  });

  it('counts down by its own clock when that of the device is wrong by years', async () => {
    stub.lock(aHeldLock({ remaining_seconds: 90 }));
    const page = await pages.visit('/');
    await page.getByRole('timer').waitFor();
    await page.evaluate(() => {
      const real = Date.now;
      Date.now = () => real() + 10 * 365 * 86_400_000;
    });
    // The page asks anew, as it cannot tell a clock that was set from a device that slept.
    await page.waitForFunction(() => /^1:2\d$/.test(document.querySelector('[role="timer"]')?.textContent ?? ''));
    expect(asked('GET', /swap\/lock/).length).to.be.greaterThan(0);
  });

  it('acquires by keyboard, keeps the lock over a reload, renews and releases it', async () => {
    stub.script.coordination.onAcquire = () => {
      stub.lock(alices());
      return ok(GRANT, 201);
    };
    stub.script.coordination.onRelease = () => {
      stub.lock(aLock({ last_fence: 413 }));
      return { status: 204, body: null };
    };
    const page = await open('/');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('acquire');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Acquire the lock' }).waitFor();
    await page.keyboard.type('alice');
    await page.getByLabel('15 min').check();
    await page.getByLabel('Reason').fill('training');
    await page.keyboard.press('Enter');
    await page.locator('sc-lock').getByText('held by you').waitFor();
    const [grant] = asked('POST', /\/api\/swap\/lock$/);
    expect(grant?.body).to.deep.equal({ holder: 'alice', ttl_seconds: 900, cluster: 'default', reason: 'training', wait_seconds: 1 });
    expect(grant?.headers['idempotency-key']).to.match(/^[0-9a-f]{32}$/);

    await page.reload();
    await page.locator('sc-lock').getByText('held by you').waitFor();
    const stored = await page.evaluate(() => ({ local: JSON.stringify({ ...localStorage }), session: sessionStorage.getItem('sc.locks') }));
    expect(stored.local).to.contain('alice').and.to.not.contain('lck_');
    expect(stored.session).to.contain(GRANT.lock_id);

    await button('Renew the lock').click();
    await page.getByText('Renewed for 60 min').waitFor();
    expect(asked('PUT', /swap\/lock/)[0]?.body).to.deep.equal({ lock_id: GRANT.lock_id });
    await button('Release').click();
    await page.getByRole('heading', { name: 'Nobody holds the GPU' }).waitFor();
    expect(asked('DELETE', /swap\/lock/)[0]?.headers['x-swap-lock']).to.equal(GRANT.lock_id);
    expect(await page.evaluate(() => sessionStorage.getItem('sc.locks'))).to.equal('{}');
    await button('Acquire…').click();
    expect(await page.getByLabel('Your name').inputValue()).to.equal('alice');
    isQuiet();
  });

  it('waits in line with its ticket, shows its place, and gets the lock', async () => {
    stub.lock(aBusyLock());
    let grant: (answer: Answer) => void = () => {};
    let asks = 0;
    stub.script.coordination.onAcquire = () => {
      asks += 1;
      if (asks > 2) {
        return new Promise((resolve) => {
          grant = resolve;
        });
      }
      return problem(409, 'LOCK_HELD', 'nightly-batch holds the lock.', { position: 4 - asks, ticket: `tkt_${asks}` });
    };
    const page = await open('/');
    await button('Wait in line…').click();
    await page.getByLabel('Your name').fill('bob');
    await button('Get in line').click();
    await page.locator('.lock-queue').getByText('You are number 2 in line').waitFor();
    await button('Leave the line').waitFor();
    expect(asked('POST', /swap\/lock$/).map(({ body }) => (body as { ticket?: string }).ticket)).to.deep.equal([
      undefined,
      'tkt_1',
      'tkt_2',
    ]);
    stub.lock(aHeldLock({ holder: 'bob', fence: 413 }));
    grant(ok(aGrant({ holder: 'bob', fence: 413 }), 201));
    await page.locator('sc-lock').getByText('held by you').waitFor();
    isQuiet(REFUSED);
  });

  it('leaves the line, and gives back a lock that comes too late', async () => {
    stub.lock(aBusyLock());
    let grant: (answer: Answer) => void = () => {};
    stub.script.coordination.onAcquire = (body) =>
      'ticket' in body
        ? new Promise((resolve) => {
            grant = resolve;
          })
        : problem(409, 'LOCK_HELD', 'It is held.', { position: 1, ticket: 'tkt_1' });
    const page = await open('/');
    await button('Wait in line…').click();
    await page.getByLabel('Your name').fill('bob');
    await button('Get in line').click();
    await page.locator('.lock-queue').getByText('You are next in line').waitFor();
    await button('Leave the line').click();
    await button('Wait in line…').waitFor();
    const returned = page.waitForRequest((request) => request.method() === 'DELETE');
    grant(ok(GRANT, 201));
    expect((await returned).headers()['x-swap-lock']).to.equal(GRANT.lock_id);
    expect(await page.evaluate(() => sessionStorage.getItem('sc.locks') ?? '{}')).to.equal('{}');
  });

  for (const status of [404, 410, 412] as const) {
    it(`forgets its lock when the server answers ${status}`, async () => {
      stub.lock(alices());
      stub.script.coordination.onRenew = () => problem(status, 'LOCK_GONE', 'It is over.');
      const page = await open('/');
      await page.evaluate((lock) => sessionStorage.setItem('sc.locks', JSON.stringify({ default: lock })), {
        lockId: 'lck_old',
        holder: 'alice',
        fence: 413,
      });
      await page.reload();
      await button('Renew the lock').click();
      await page.getByText('LOCK_GONE: It is over.').waitFor();
      await page.locator('sc-lock').getByText('held by you').waitFor({ state: 'detached' });
      expect(await page.evaluate(() => sessionStorage.getItem('sc.locks'))).to.equal('{}');
      isQuiet(REFUSED);
    });
  }

  it('breaks a lock with a reason of eight characters, after naming whose it is and what happens', async () => {
    stub.lock(aBusyLock());
    const page = await open('/');
    await button('Break…').click();
    const dialog = page.getByRole('dialog', { name: 'Break the lock of nightly-batch' });
    expect(await dialog.textContent())
      .to.contain('loses it at once')
      .and.to.contain('2 wait in line')
      .and.to.contain('keeps serving');
    await dialog.getByLabel('Why').fill('short');
    await button('Break the lock of nightly-batch').click();
    expect(asked('DELETE', /swap\/lock/)).to.deep.equal([]);
    await dialog.getByLabel('Why').fill('the host must be rebooted & soon');
    await page.keyboard.press('Enter');
    await page.getByText('The lock of nightly-batch is broken').waitFor();
    const sent = new URL(asked('DELETE', /swap\/lock/)[0]?.path ?? '', stub.url).searchParams;
    expect(Object.fromEntries(sent)).to.deep.equal({ cluster: 'default', force: 'true', reason: 'the host must be rebooted & soon' });
    isQuiet();
  });

  it('refuses a swap in the page while somebody else holds the lock, and queues it behind the lock', async () => {
    stub.lock(aBusyLock());
    const page = await open('/models');
    await button('Load… Gemma 3 27B').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('A swap now is refused.').waitFor();
    await button('Swap to Gemma 3 27B').click();
    const alert = dialog.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent())
      .to.contain('LOCKED')
      .and.to.match(/Held by nightly-batch \(evaluation run\) until \d+ \w+ \d\d:\d\d/);
    expect(asked('POST', /\/api\/swap$/)).to.deep.equal([]);
    await dialog.getByLabel('Queue it behind the lock').check();
    await button('Queue Gemma 3 27B').click();
    await page.waitForURL('**/swaps/swp_05');
    expect(asked('POST', /\/api\/swap$/)[0]?.body).to.deep.equal({
      model: 'gemma-27b',
      cluster: 'default',
      on_busy: 'queue',
      queue_seconds: 5_400,
    });
    isQuiet();
  });

  it('shows who is in the way when the server says so first, and swaps under its own lock', async () => {
    const lock = { holder: 'bob', reason: 'training', expires_at: iso(Date.now() + 60_000) };
    stub.script.onSwap = () => problem(423, 'LOCKED', 'bob holds the lock of this cluster.', { lock, retry_after_seconds: 60 });
    const page = await open('/models');
    await button('Load… Gemma 3 27B').click();
    await button('Swap to Gemma 3 27B').click();
    await page.getByText('Held by bob (training) until').waitFor();
    await page.evaluate((own) => sessionStorage.setItem('sc.locks', JSON.stringify({ default: own })), {
      lockId: 'lck_mine',
      holder: 'alice',
      fence: 413,
    });
    stub.lock(alices());
    stub.script.onSwap = () => ok(runningSwap('stopping'), 202);
    await page.goto(`${stub.url}/models`);
    await button('Load… Gemma 3 27B').click();
    await page.getByText('It runs under the lock that you hold.').waitFor();
    await button('Swap to Gemma 3 27B').click();
    await page.waitForURL('**/swaps/swp_05');
    expect(asked('POST', /\/api\/swap$/).at(-1)?.headers['x-swap-lock']).to.equal('lck_mine');
    isQuiet(REFUSED);
  });

  it('says what stands for a swap, and what outlives its time', async () => {
    stub.script.status = { ...stub.script.status, clusters: [aCluster({ active_swap: 'swp_05' })] };
    stub.script.swaps.set('swp_05', runningSwap('loading'));
    stub.lock(aHeldLock({ implicit: true, expires_at: null, remaining_seconds: null, holder: 'cron:daily', reason: null }));
    const page = await open('/');
    await page.getByText('it ends with the swap').waitFor();
    expect(await button('Break…').count()).to.equal(0);
    stub.lock(aHeldLock({ remaining_seconds: 0 }, { state: 'draining' }));
    await page.locator('sc-lock').getByText('draining').waitFor();
    await page.getByRole('link', { name: 'Follow that swap' }).click();
    await page.waitForURL('**/swaps/swp_05');
  });
});
