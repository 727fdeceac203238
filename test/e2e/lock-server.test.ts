import { expect } from 'chai';
import { needsBrowser, type OpenPage, TestBrowser } from './support/browser.ts';
import { RealServer } from './support/real-server.ts';

/** What a browser says of the answers that tell a place in line. */
const REFUSED = /status of 409/;

const MODEL = { key: 'gpt-oss-20b', name: 'gpt-oss 20B' };

describe('the lock between two pages and the real server', function () {
  this.timeout(60_000);
  let browser: TestBrowser;
  let server: RealServer;
  const opened: OpenPage[] = [];

  before(async function () {
    needsBrowser(this);
    browser = await TestBrowser.launch();
  });

  after(async () => browser?.close());

  beforeEach(async () => {
    server = await RealServer.start({ [MODEL.key]: { loadSeconds: 3 } });
  });

  afterEach(async () => {
    for (const page of opened.splice(0)) await page.close();
    await server.close();
  });

  const open = async () => {
    const page = await browser.open(`${server.url}/`);
    opened.push(page);
    await page.page.locator('.connection', { hasText: 'live' }).waitFor();
    return page;
  };
  type Page = OpenPage['page'];
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const ask = async (page: Page, name: string, holder: string, submit: string) => {
    await press(page, name);
    await page.getByLabel('Your name').fill(holder);
    await press(page, submit);
  };
  const holds = (page: Page) => page.locator('sc-lock').getByText('held by you').waitFor();

  it('goes from one to the next in line, and a swap without it is refused, or waits for its end', async () => {
    const [alice, bob] = [await open(), await open()];
    await ask(alice.page, 'Acquire…', 'alice', 'Acquire the lock');
    await holds(alice.page);
    await ask(bob.page, 'Wait in line…', 'bob', 'Get in line');
    await bob.page.locator('.lock-queue').getByText('You are next in line').waitFor();
    await alice.page.getByRole('list', { name: 'Who waits for the lock' }).getByText('bob').waitFor();
    await press(alice.page, 'Renew the lock');
    await alice.page.getByText('Renewed for 60 min').waitFor();
    await press(alice.page, 'Release');
    await holds(bob.page);

    await alice.page.getByRole('link', { name: 'Models' }).click();
    await press(alice.page, `Load… ${MODEL.name}`);
    await alice.page.getByText('Tick "Queue it behind the lock"').waitFor();
    await press(alice.page, `Swap to ${MODEL.name}`);
    await alice.page.getByRole('alert').getByText('Held by bob').waitFor();
    await alice.page.getByLabel('Queue it behind the lock').check();
    await press(alice.page, `Queue ${MODEL.name}`);
    await alice.page.waitForURL('**/swaps/*');
    await bob.page.getByRole('list', { name: 'Who waits for the lock' }).getByRole('listitem').waitFor();
    await press(bob.page, 'Release');
    await alice.page.getByRole('heading', { name: `${MODEL.key} is ready and serves.` }).waitFor();
    for (const page of [alice, bob]) expect(page.complaints(REFUSED)).to.deep.equal([]);
  });

  it('covers the swaps of who holds it, and is lost, with a word, when somebody breaks it', async () => {
    const [alice, bob] = [await open(), await open()];
    await ask(alice.page, 'Acquire…', 'alice', 'Acquire the lock');
    await holds(alice.page);
    await alice.page.getByRole('link', { name: 'Models' }).click();
    await press(alice.page, `Load… ${MODEL.name}`);
    await alice.page.getByText('It runs under the lock that you hold.').waitFor();
    await press(alice.page, `Swap to ${MODEL.name}`);
    await alice.page.getByRole('heading', { name: `${MODEL.key} is ready and serves.` }).waitFor();

    await press(bob.page, 'Break…');
    await bob.page.getByLabel('Why').fill('the host must be rebooted');
    await press(bob.page, 'Break the lock of alice');
    await bob.page.getByText('The lock of alice is broken').waitFor();
    await alice.page.getByText('Your lock is over').waitFor();
    expect(await alice.page.evaluate(() => sessionStorage.getItem('sc.locks'))).to.equal('{}');
    await bob.page.keyboard.press('g');
    await bob.page.keyboard.press('u');
    await bob.page.getByRole('cell', { name: 'the host must be rebooted' }).waitFor();
    for (const page of [alice, bob]) expect(page.complaints()).to.deep.equal([]);
  });
});
