import { expect } from 'chai';
import { needsBrowser, type OpenPage, TestBrowser, type Visit } from './support/browser.ts';
import { RealServer } from './support/real-server.ts';

/** What a browser says of requests that failed because the test cut the line, or because the server refused them. */
const CUT = /ERR_(CONNECTION|EMPTY|INCOMPLETE|SOCKET)|net::ERR/;
const REFUSED = /status of (403|409)/;

/** Simulated seconds that no test waits for: such a load lasts until it is ended. */
const FOREVER = 100_000;

/** Simulated seconds, a few real ones: long enough for something to happen in between. */
const LONG = 30;

/** Entries of config/models.yaml, as the page and the API name them. */
const OSS = { key: 'gpt-oss-20b', name: 'gpt-oss 20B' };
const QWEN = { key: 'qwen3-30b-a3b', name: 'Qwen3 30B A3B Instruct 2507 (FP8)' };

describe('the dashboard on the real server', function () {
  this.timeout(60_000);
  let browser: TestBrowser;
  let server: RealServer;
  let opened: OpenPage | null = null;

  before(async function () {
    needsBrowser(this);
    browser = await TestBrowser.launch();
  });

  after(async () => browser?.close());

  beforeEach(async () => {
    server = await RealServer.start({ [QWEN.key]: { loadSeconds: 3 }, [OSS.key]: { loadSeconds: 3 } });
  });

  afterEach(async () => {
    await opened?.close();
    opened = null;
    await server.close();
  });

  const open = async (path: string, visit: Visit = {}) => {
    opened = await browser.open(server.url + path, visit);
    await opened.page.locator('.connection', { hasText: 'live' }).waitFor();
    return opened.page;
  };
  type Page = OpenPage['page'];

  const isAccessible = async () => expect(await opened?.axe()).to.deep.equal([]);
  const isQuiet = (expected?: RegExp) => expect(opened?.complaints(expected)).to.deep.equal([]);

  /** From the list of models through the dialog to the swap's own screen. */
  async function load(page: Page, { name }: typeof OSS): Promise<string> {
    await page.getByRole('link', { name: 'Models' }).click();
    await page.getByRole('button', { name: `Load… ${name}` }).click();
    await page
      .getByText(/checks pass/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: `Swap to ${name}` }).click();
    return atSwap(page);
  }

  async function atSwap(page: Page): Promise<string> {
    await page.waitForURL('**/swaps/swp_*');
    return new URL(page.url()).pathname.split('/').at(-1) ?? '';
  }

  const step = (page: Page, name: string) => page.locator('[aria-current="step"]', { hasText: name }).waitFor();
  const serves = (page: Page, title: string) => page.locator('.serving-title', { hasText: title }).waitFor();
  const ended = (page: Page, sentence: string) => page.getByRole('heading', { name: sentence }).waitFor();

  it('lets a newcomer load a model and see it become ready', async () => {
    const page = await open('/');
    await serves(page, 'Nothing loaded');
    await page.locator('.simulated-banner', { hasText: 'SIMULATED' }).waitFor();
    await isAccessible();
    const id = await load(page, OSS);
    await page.getByRole('heading', { name: `nothing → ${OSS.key}` }).waitFor();
    await ended(page, `${OSS.key} is ready and serves.`);
    await page.getByText('Application startup complete.').waitFor();
    expect(await page.locator('.step').allInnerTexts()).to.have.length(7);
    expect(await page.locator('.log-line').count()).to.equal(server.logLines(id));
    await isAccessible();
    await page.getByRole('link', { name: 'Overview' }).click();
    await serves(page, OSS.key);
    await page.locator('.serving-state', { hasText: 'ready' }).waitFor();
    await page.getByText('all well').waitFor();
    await isAccessible();
    isQuiet();
  });

  it('shows what is coming, and no alarm, while the overview watches a swap, and cancels it', async () => {
    await server.swap(QWEN.key);
    server.fate.setProfile(OSS.key, { loadSeconds: FOREVER });
    const page = await open('/', { theme: 'dark', width: 360 });
    await serves(page, QWEN.key);
    await load(page, OSS);
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.locator('.serving', { hasText: 'Coming on' }).waitFor();
    await page.locator('.serving-state', { hasText: 'loading' }).waitFor();
    expect(await page.locator('.serving-title').textContent()).to.equal(OSS.key);
    expect(await page.locator('main .tone-bad').count()).to.equal(0);
    await isAccessible();
    await page.getByRole('link', { name: 'Follow the swap' }).click();
    await page.getByRole('button', { name: 'Cancel swap…' }).click();
    await page.getByRole('button', { name: 'Cancel the swap' }).click();
    await ended(page, `Cancelled. ${QWEN.key} serves now.`);
    await isAccessible();
    isQuiet();
  });

  it('keeps the age of what it shows fresh while nothing changes', async () => {
    const page = await open('/');
    const observed = page.locator('.facts div', { hasText: 'Observed' });
    await observed.filter({ hasText: /[4-9] s ago/ }).waitFor();
    await observed.filter({ hasText: /now|\b[12] s ago/ }).waitFor();
    isQuiet();
  });

  it('rolls a failing model back and says why, also to one who comes later', async () => {
    await server.swap(QWEN.key);
    server.fate.setFault(OSS.key, 'out_of_memory');
    const page = await open('/models');
    await load(page, OSS);
    await ended(page, `${OSS.key} failed. Rolled back: ${QWEN.key} serves now.`);
    const told = () => page.locator('.outcome').textContent();
    for (const words of ['DOES_NOT_FIT', 'ran out of memory', 'What to do:', 'OutOfMemoryError']) expect(await told()).to.contain(words);
    await isAccessible();
    await page.reload();
    await ended(page, `${OSS.key} failed. Rolled back: ${QWEN.key} serves now.`);
    expect(await told()).to.contain('ran out of memory');
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.locator('.serving-state', { hasText: 'ready' }).waitFor();
    await page.locator('.rows', { hasText: 'rolled back' }).waitFor();
    isQuiet();
  });

  it('says that a failure without a way back left the cluster empty', async () => {
    server.fate.setFault(OSS.key, 'crash_in_load');
    const page = await open('/', { theme: 'dark' });
    const id = await load(page, OSS);
    await ended(page, `${OSS.key} failed. Nothing is loaded now.`);
    await isAccessible();
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.locator('.notice', { hasText: `${OSS.key} failed. Nothing is loaded now.` }).waitFor();
    await isAccessible();
    await page.getByRole('link', { name: 'History' }).click();
    await page.locator(`a[href="/swaps/${id}"]`).waitFor();
    isQuiet();
  });

  it('shows a model that vanished within five seconds, and plans the next swap from what is', async () => {
    await server.swap(QWEN.key);
    const page = await open('/');
    await page.locator('.serving-state', { hasText: 'ready' }).waitFor();
    const [container] = server.fate.containers();
    if (container === undefined) throw new Error('no container serves');
    await server.fate.killContainer(container.host, container.name);
    await page.locator('.notice', { hasText: `${QWEN.key} was serving` }).waitFor({ timeout: 5_000 });
    await serves(page, 'Nothing loaded');
    await isAccessible();
    await load(page, OSS);
    await page.getByRole('heading', { name: `nothing → ${OSS.key}` }).waitFor();
    await ended(page, `${OSS.key} is ready and serves.`);
    isQuiet();
  });

  it('calls what it cannot ask unknown, with the reason, and does not say that it is gone', async () => {
    await server.swap(QWEN.key);
    const page = await open('/');
    await page.locator('.serving-state', { hasText: 'ready' }).waitFor();
    const [head, worker] = server.hosts;
    if (head === undefined || worker === undefined) throw new Error('two hosts are needed');
    await server.fate.hostDown(worker, true);
    await page
      .locator('.host', { hasText: `${worker}` })
      .filter({ hasText: 'does not answer' })
      .waitFor();
    await page.locator('.serving-state', { hasText: 'ready' }).waitFor();
    await server.fate.hostDown(head, true);
    await page.locator('.serving-state', { hasText: 'cannot be asked' }).waitFor();
    await page.locator('.notice', { hasText: `${head} cannot be asked` }).waitFor();
    await isAccessible();
    await page.getByRole('link', { name: 'Models' }).click();
    await page.getByRole('button', { name: `Load… ${OSS.name}` }).click();
    await page.locator('.checks', { hasText: 'cannot be asked' }).waitFor();
    await page.getByRole('button', { name: `Try ${OSS.name} anyway` }).waitFor();
    await isAccessible();
    await page.keyboard.press('Escape');
    for (const host of [head, worker]) await server.fate.hostDown(host, false);
    await page.getByRole('link', { name: 'Overview' }).click();
    await serves(page, QWEN.key);
    await page.getByText('all well').waitFor();
    isQuiet();
  });

  it('refuses to touch what it did not start, until told to replace it', async () => {
    await server.fate.startUnmanaged({ name: 'vllm-gemma4', model: 'google/gemma-4', servedModelName: 'gemma4' });
    const page = await open('/');
    await serves(page, 'gemma4');
    await page.locator('.notice', { hasText: 'was not started by Spark Control' }).waitFor();
    await isAccessible();
    await page.getByRole('link', { name: 'Models' }).click();
    await page.getByRole('button', { name: `Load… ${OSS.name}` }).click();
    await page.getByText('Tick "Replace what is not ours"').waitFor();
    await page.getByRole('button', { name: `Try ${OSS.name} anyway` }).click();
    await page.getByRole('alert').filter({ hasText: 'UNMANAGED_MODEL' }).waitFor();
    await isAccessible();
    await page.getByLabel(/Replace what is not ours/).check();
    await page.getByRole('button', { name: `Try ${OSS.name} anyway` }).click();
    await atSwap(page);
    await ended(page, `${OSS.key} is ready and serves.`);
    isQuiet(REFUSED);
  });

  it('goes on after a cut line in the middle of a load, with every line of the log once', async () => {
    server.fate.setProfile(OSS.key, { loadSeconds: LONG });
    const page = await open('/');
    const id = await load(page, OSS);
    await step(page, 'loading');
    await page.locator('.log-line').first().waitFor();
    const again = server.nextStream();
    server.cut();
    await again;
    await page.locator('.connection', { hasText: 'live' }).waitFor();
    await isAccessible();
    await ended(page, `${OSS.key} is ready and serves.`);
    await page.waitForFunction((wanted) => document.querySelectorAll('.log-line').length === wanted, server.logLines(id));
    isQuiet(CUT);
  });

  it('outlives a restart of the server: says so meanwhile, then shows and does what is true', async () => {
    await server.swap(QWEN.key);
    const page = await open('/');
    await page.locator('.serving-state', { hasText: 'ready' }).waitFor();
    await server.restart(async () => {
      await page.getByText(/reconnecting, last update/).waitFor();
      await page.locator('main[data-stale]').waitFor();
      await serves(page, QWEN.key);
      await isAccessible();
    });
    await page.locator('.connection', { hasText: 'live' }).waitFor();
    await page.locator('.serving-state', { hasText: 'ready' }).waitFor();
    // The session of the old process is void now; the page has to notice by itself.
    await load(page, OSS);
    await ended(page, `${OSS.key} is ready and serves.`);
    isQuiet(new RegExp(`${CUT.source}|${REFUSED.source}`));
  });

  it('takes a swap up again that the server was stopped in', async () => {
    server.fate.setProfile(OSS.key, { loadSeconds: LONG });
    const page = await open('/');
    const id = await load(page, OSS);
    await step(page, 'loading');
    await server.restart(() => page.getByText(/reconnecting, last update/).waitFor());
    await page.locator('.connection', { hasText: 'live' }).waitFor();
    await ended(page, `${OSS.key} is ready and serves.`);
    expect(await atSwap(page)).to.equal(id);
    await isAccessible();
    isQuiet(CUT);
  });

  it('swaps by keyboard alone, from the palette', async () => {
    await server.swap(QWEN.key);
    const page = await open('/');
    await serves(page, QWEN.key);
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type(`swap to ${OSS.name}`);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: `Swap to ${OSS.name}` }).waitFor();
    await page
      .getByText(/checks pass/)
      .first()
      .waitFor();
    await isAccessible();
    await page.keyboard.press('Enter');
    await atSwap(page);
    await page.locator('h1:focus', { hasText: `${QWEN.key} → ${OSS.key}` }).waitFor();
    await ended(page, `${OSS.key} is ready and serves.`);
    isQuiet();
  });

  it('comes in the chosen appearance from the first byte', async () => {
    const page = await open('/');
    await page.getByRole('button', { name: 'Help and appearance' }).click();
    await page.getByLabel('dark').check();
    await page.locator('html[data-theme="dark"]').waitFor({ state: 'attached' });
    const answer = await page.reload();
    expect(await answer?.text()).to.contain('<html lang="en" data-theme="dark">');
    isQuiet();
  });
});
