import { expect } from 'chai';
import { aCheck, aCluster, aHost, aPreflight, iso } from '../../packages/web-ui/test/support/wire-builders.ts';
import { needsBrowser, type OpenPage, TestBrowser, type Visit } from './support/browser.ts';
import { aBusyLock } from './support/coordination-script.ts';
import { aScript, failure, runningSwap, settledSwap } from './support/page-script.ts';
import { ok, problem } from './support/stub-answer.ts';
import { StubApi } from './support/stub-api.ts';

const dashboardFolder = new URL('../../packages/web-ui/dist/www/', import.meta.url);

/** What a browser says of a stream that the test cut on purpose. */
const CUT = /ERR_(CONNECTION|EMPTY|INCOMPLETE)|net::ERR/;

describe('the dashboard in a browser', function () {
  this.timeout(30_000);
  let browser: TestBrowser;
  let stub: StubApi;
  let opened: OpenPage | null = null;

  before(async function () {
    needsBrowser(this);
    browser = await TestBrowser.launch();
  });

  after(async () => browser?.close());

  beforeEach(async () => {
    stub = await StubApi.start(aScript(), dashboardFolder);
  });

  afterEach(async () => {
    await opened?.close();
    opened = null;
    await stub.close();
  });

  const open = async (path: string, visit: Visit = {}) => {
    opened = await browser.open(stub.url + path, visit);
    return opened.page;
  };

  it('shows at once what serves, since when, and that it is simulated', async () => {
    const page = await open('/');
    await page.getByRole('heading', { name: 'qwen3-32b' }).waitFor();
    expect(await page.locator('.serving-state').textContent()).to.match(/ready\s*for 2 h 14 min/);
    expect(await page.getByRole('img', { name: 'Unified memory: 102 of 128 GiB used' }).count()).to.equal(2);
    expect(await page.locator('.simulated-banner').textContent()).to.contain('SIMULATED');
    await page.waitForFunction(() => document.title === 'SIMULATED · ● qwen3-32b - Spark Control');
    expect(opened?.complaints()).to.deep.equal([]);
  });

  it('swaps a model by keyboard alone and follows it to the end', async () => {
    const page = await open('/');
    await page.getByRole('heading', { name: 'qwen3-32b' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('m');
    await page.getByRole('row', { name: /My fine-tune/ }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('gemma');
    await page.getByText('1 of 4').waitFor();
    // Past the link for a new model and the entry's own.
    for (let stops = 0; stops < 3; stops += 1) await page.keyboard.press('Tab');
    await page.locator('button:focus', { hasText: 'Load…' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('1 warning').waitFor();
    expect(await page.locator('.checks li').first().textContent()).to.contain('Lower --gpu-memory-utilization.');
    await page.getByLabel('Reason').focus();
    await page.keyboard.type('it is time');
    await page.keyboard.press('Enter');

    await page.getByRole('heading', { name: 'qwen3-32b → gemma-27b' }).waitFor();
    expect(new URL(page.url()).pathname).to.equal('/swaps/swp_05');
    const asked = stub.requests.find(({ path, method }) => method === 'POST' && path === '/api/swap');
    expect(asked?.body).to.deep.equal({ model: 'gemma-27b', cluster: 'default', reason: 'it is time' });
    expect(asked?.headers['idempotency-key']).to.match(/^[0-9a-f]{32}$/);

    stub.swap(runningSwap('loading'));
    stub.log('swp_05', ['INFO starting', '\u001b[33mWARNING\u001b[0m slow disk']);
    await page.locator('[aria-current="step"]', { hasText: 'loading' }).waitFor();
    await page.getByText('usually 4:00').waitFor();
    await page.getByText('WARNING slow disk').waitFor();
    stub.swap(settledSwap('ready'));
    await page.getByRole('heading', { name: 'gemma-27b is ready and serves.' }).waitFor();
    expect(opened?.complaints()).to.deep.equal([]);
  });

  it('shows a rollback while it runs, why, and what serves afterwards', async () => {
    stub.script.swaps.set('swp_05', runningSwap('rolling_back', { cause: failure }));
    const page = await open('/swaps/swp_05');
    await page.getByText('Going back to qwen3-32b. A rollback cannot be cancelled.').waitFor();
    expect(await page.getByRole('button', { name: 'Cancel swap…' }).count()).to.equal(0);
    stub.swap(settledSwap('rolled_back', { cause: failure }));
    await page.getByRole('heading', { name: 'gemma-27b failed. Rolled back: qwen3-32b serves now.' }).waitFor();
    const outcome = await page.locator('.outcome').textContent();
    for (const words of ['MODEL_CRASHED', failure.message, failure.hint, 'CUDA out of memory']) expect(outcome).to.contain(words);
    await page.waitForFunction(() => document.querySelector('sc-announcer [role="alert"]')?.textContent?.includes('Rolled back'));
  });

  it('cancels after saying what that leads to', async () => {
    stub.script.swaps.set('swp_05', runningSwap('loading'));
    const page = await open('/swaps/swp_05');
    await page.getByRole('button', { name: 'Cancel swap…' }).click();
    await page.getByText('qwen3-32b was stopped already and will be loaded again').waitFor();
    await page.getByRole('button', { name: 'Cancel the swap' }).click();
    await page.getByText('Cancel requested').waitFor();
    expect(stub.requests.some(({ path, method }) => method === 'POST' && path === '/api/swap/swp_05/cancel')).to.equal(true);
    stub.swap(settledSwap('cancelled'));
    await page.getByRole('heading', { name: 'Cancelled. qwen3-32b serves now.' }).waitFor();
  });

  it('unloads', async () => {
    const page = await open('/');
    await page.getByRole('button', { name: 'Unload…' }).click();
    await page.getByRole('button', { name: 'Unload qwen3-32b' }).click();
    await page.waitForURL('**/swaps/swp_05');
    expect(stub.requests.find(({ method, path }) => method === 'POST' && path === '/api/swap')?.body).to.deep.equal({
      model: null,
      cluster: 'default',
    });
  });

  it('says why a swap was refused, and lets one replace what is not ours', async () => {
    stub.script.preflight = aPreflight({
      ok: false,
      checks: [aCheck({ name: 'unmanaged', status: 'fail', hint: 'Allow it to be replaced.' })],
    });
    stub.script.onSwap = (body) =>
      body['replace_unmanaged'] === true ? ok(runningSwap('stopping'), 202) : problem(409, 'UNMANAGED_MODEL', 'vllm-gemma4 serves there.');
    const page = await open('/models');
    await page.getByRole('button', { name: 'Load… Gemma 3 27B' }).click();
    await page.getByRole('button', { name: 'Try Gemma 3 27B anyway' }).click();
    const alert = page.getByRole('alert').filter({ hasText: 'UNMANAGED_MODEL' });
    await alert.waitFor();
    expect(await alert.textContent())
      .to.contain('vllm-gemma4 serves there.')
      .and.to.contain('Do as the test says.')
      .and.to.contain('req_stub');
    await page.getByLabel(/Replace what is not ours/).check();
    await page.getByRole('button', { name: 'Try Gemma 3 27B anyway' }).click();
    await page.waitForURL('**/swaps/swp_05');
  });

  it('survives a cut line: nothing vanishes, the age is shown, and the log goes on without a gap or a double', async () => {
    stub.script.swaps.set('swp_05', runningSwap('loading'));
    const page = await open('/swaps/swp_05');
    await page.getByText('No line yet.').waitFor();
    stub.log('swp_05', ['line 1', 'line 2']);
    await page.getByText('line 2').waitFor();
    stub.cutStreams(true);
    await page.getByText(/reconnecting, last update \d+ s ago/).waitFor();
    await page.locator('main[data-stale]').waitFor();
    expect(await page.locator('[aria-current="step"]').textContent()).to.contain('loading');
    stub.log('swp_05', ['line 3']);
    stub.swap(settledSwap('ready'));
    stub.cutStreams(false);
    await page.getByRole('heading', { name: 'gemma-27b is ready and serves.' }).waitFor();
    await page.getByText('line 3').waitFor();
    expect(await page.locator('.log-text').allInnerTexts()).to.deep.equal(['line 1', 'line 2', 'line 3']);
    await page.locator('.connection', { hasText: 'live' }).waitFor();
    expect(await page.locator('main[data-stale]').count()).to.equal(0);
    expect(opened?.complaints(CUT)).to.deep.equal([]);
  });

  it('keeps the link of a swap over a reload, and says so when there is none', async () => {
    const page = await open('/swaps/swp_02');
    await page.getByText('CUDA out of memory').waitFor();
    await page.reload();
    await page.getByText('CUDA out of memory').waitFor();
    await page.goto(`${stub.url}/swaps/swp_99`);
    await page.getByText('There is no swap swp_99.').waitFor();
  });

  it('follows the log until the reader scrolls up, and again on request', async () => {
    stub.script.swaps.set('swp_05', runningSwap('loading'));
    const page = await open('/swaps/swp_05');
    await page.getByText('No line yet.').waitFor();
    const lines = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => `line ${from + at} of the log`);
    stub.log('swp_05', lines(1, 200));
    await page.getByText('line 200 of').waitFor();
    const isAtEnd = () => page.locator('.log-body').evaluate((node) => node.scrollHeight - node.scrollTop - node.clientHeight < 2);
    expect(await isAtEnd()).to.equal(true);
    await page.locator('.log-body').evaluate((node) => node.scrollTo(0, 0));
    await page.getByRole('button', { name: 'Jump to now' }).waitFor();
    stub.log('swp_05', lines(201, 210));
    await page.getByText('210 lines').waitFor();
    expect(await page.locator('.log-body').evaluate((node) => node.scrollTop)).to.equal(0);
    await page.getByRole('button', { name: 'Jump to now' }).click();
    expect(await isAtEnd()).to.equal(true);
    await page.getByLabel('Filter log lines').fill('/line 20[0-3] /');
    expect(await page.locator('.log-line').count()).to.equal(4);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download' }).click();
    expect((await download).suggestedFilename()).to.equal('swp_05.log');
    expect(opened?.complaints()).to.deep.equal([]);
  });

  it('shows drift, what is not ours and hosts that cannot be asked, in each of several clusters', async () => {
    const { status } = stub.script;
    stub.script.status = {
      ...status,
      clusters: [
        aCluster({ drift: 'The container was stopped by somebody else.', unreachable: [{ host: 'spark-2', reason: 'no route to host' }] }),
        aCluster({
          key: 'solo',
          name: 'Solo',
          hosts: ['spark-3'],
          serving: 'unmanaged',
          served_model_name: 'gemma4',
          container: 'vllm-gemma4',
        }),
      ],
      hosts: [
        aHost('spark-1'),
        aHost('spark-2', { reachable: false, code: 'HOST_UNREACHABLE', reason: 'no route to host' }),
        aHost('spark-3', { cluster: 'solo' }),
      ],
    };
    const page = await open('/');
    await page.getByText('The container was stopped by somebody else.').waitFor();
    expect(await page.locator('.notices li').count()).to.equal(3);
    expect(await page.locator('.host').nth(1).textContent())
      .to.contain('unknown')
      .and.to.contain('no route to host');
    await page.getByLabel('Cluster').selectOption('solo');
    await page.getByRole('heading', { name: 'gemma4' }).waitFor();
    expect(await page.locator('.host h3').allInnerTexts()).to.deep.equal(['spark-3']);
    await page.reload();
    await page.getByRole('heading', { name: 'gemma4' }).waitFor();
    stub.cluster({ serving: null, state: 'absent', healthy: false, served_model_name: null }, 'solo');
    await page.getByRole('heading', { name: 'Nothing loaded' }).waitFor();
  });

  it('puts focus on the heading of a new screen and back on the button after a dialog', async () => {
    const page = await open('/');
    await page.getByRole('link', { name: 'History' }).click();
    await page.locator('h1:focus', { hasText: 'History' }).waitFor();
    await page.goBack();
    await page.locator('h1:focus', { hasText: 'Overview' }).waitFor();
    await page.getByRole('button', { name: 'Unload…' }).click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await page.locator('button:focus', { hasText: 'Unload…' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('gemma');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Swap to Gemma 3 27B' }).waitFor();
  });

  it('keeps a chosen appearance', async () => {
    const page = await open('/');
    await page.getByRole('button', { name: 'Help and appearance' }).click();
    await page.getByLabel('dark').check();
    await page.locator('html[data-theme="dark"]').waitFor({ state: 'attached' });
    await page.reload();
    await page.locator('html[data-theme="dark"]').waitFor({ state: 'attached' });
    expect(await page.evaluate(() => document.cookie)).to.contain('spark_control_theme=dark');
  });

  describe('for everybody', () => {
    const press = (name: string) => (page: OpenPage['page']) => page.getByRole('button', { name }).first().click();
    const views: readonly (readonly [string, string, ((page: OpenPage['page']) => Promise<void>)?])[] = [
      ['overview', '/'],
      ['models', '/models'],
      ['history', '/history'],
      ['a failed swap', '/swaps/swp_02'],
      ['a running swap', '/swaps/swp_05'],
      ['no such page', '/nothing/here'],
      ['the swap dialog', '/models', press('Load… My fine-tune')],
      ['the cancel dialog', '/swaps/swp_05', press('Cancel swap…')],
      ['help', '/', press('Help and appearance')],
      ['the palette', '/', (page) => page.keyboard.press('Control+k')],
      ['calendar', '/calendar'],
      ['automations', '/automations'],
      ['an automation', '/automations/aut_01'],
      ['webhooks', '/webhooks'],
      ['a webhook', '/webhooks/whk_01'],
      ['audit', '/audit'],
      ['the dialog to wait for the lock', '/', press('Wait in line…')],
      ['the dialog to break the lock', '/', press('Break…')],
      ['the automation dialog', '/automations', press('New automation…')],
      ['the webhook dialog', '/webhooks', press('New webhook…')],
      ['the question before a removal', '/webhooks/whk_01', press('Remove…')],
    ];

    beforeEach(() => {
      stub.script.swaps.set('swp_05', runningSwap('loading', { reason: 'evening batch' }));
      stub.script.status = {
        ...stub.script.status,
        clusters: [
          aCluster({ active_swap: 'swp_05', drift: 'It was stopped.', since: iso(Date.now()) }),
          aCluster({ key: 'solo', name: 'Solo' }),
        ],
      };
      stub.log('swp_05', ['INFO loading', 'WARNING slow', 'ERROR boom']);
      stub.lock(aBusyLock());
    });

    for (const theme of ['light', 'dark'] as const) {
      for (const width of [360, 1200]) {
        it(`has no accessibility fault in ${theme} at ${width} px, and nothing to scroll sideways`, async function () {
          this.timeout(120_000);
          const faults: string[] = [];
          for (const [name, path, act] of views) {
            const page = await open(path, { theme, width, height: 800 });
            await page.locator('.connection', { hasText: 'live' }).waitFor();
            await act?.(page);
            if (act !== undefined) await page.getByRole('dialog').waitFor();
            faults.push(...(await opened!.axe()).map((fault) => `${name}: ${fault}`));
            // Reflow: at 320 px, too, nothing may have to be scrolled sideways.
            if (width === 360) await page.setViewportSize({ width: 320, height: 800 });
            const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
            if (excess > 0) faults.push(`${name}: ${excess} px too wide`);
            faults.push(...opened!.complaints().map((text) => `${name}: ${text}`));
            await opened?.close();
          }
          expect(faults).to.deep.equal([]);
        });
      }
    }
  });
});
