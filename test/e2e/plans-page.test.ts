import { expect } from 'chai';
import { anAutomation, aWebhook } from '../../packages/web-ui/test/support/coordination-builders.ts';
import { ok, problem } from './support/stub-answer.ts';
import type { StubApi } from './support/stub-api.ts';
import { useStubPages } from './support/stub-pages.ts';

/** What a browser says of an answer that refuses. */
const REFUSED = /status of 422/;

describe('plans, webhooks and audit in a browser', function () {
  this.timeout(30_000);
  const { open, asked, isQuiet, button, ...pages } = useStubPages();
  let stub: StubApi;
  beforeEach(() => {
    stub = pages.stub();
  });

  it('shows the week, what clashes and what is stale, or how to register a schedule', async () => {
    const page = await open('/');
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.getByText('9 times planned by 3 schedules, 2 in conflict').waitFor();
    expect(await page.locator('.strip-block').count()).to.equal(10);
    expect(await page.locator('.conflict').allInnerTexts()).to.have.length(2);
    expect(await page.getByRole('link', { name: 'Nightly evaluation' }).first().getAttribute('href')).to.equal('https://ci.local/nightly');
    expect(await page.getByRole('table').getByText('stale').count()).to.equal(1);
    expect(asked('GET', /schedules\?from=.*&to=/)).to.have.length(1);
    stub.script.coordination.calendar = { ...stub.script.coordination.calendar, items: [], schedules: [] };
    await page.reload();
    await page.getByText("curl -X PUT '").waitFor();
    isQuiet();
  });

  it('makes, switches, runs, edits and removes automations', async () => {
    const page = await open('/automations');
    await button('New automation…').click();
    await page.getByLabel('Name').fill('Warm it');
    await page.locator('select[name="type"]').selectOption('warm');
    await page.locator('select[name="model"]').selectOption('gemma-27b');
    await page.getByLabel('When, as cron').fill('0 7 * *');
    stub.script.coordination.onSaveAutomation = () =>
      problem(422, 'INVALID_REQUEST', 'One field is wrong.', { issues: [{ path: '/cron', code: 'cron', message: 'has four fields' }] });
    await button('Create the automation').click();
    await page.getByText('/cron: has four fields').waitFor();
    stub.script.coordination.onSaveAutomation = (body, id) => ok(anAutomation({ id: id ?? 'aut_03', last_run: null, ...body }), 201);
    await page.getByLabel('When, as cron').fill('0 7 * * *');
    await button('Create the automation').click();
    await page.getByRole('link', { name: 'Warm it' }).waitFor();
    expect(asked('POST', /automations$/).at(-1)?.body).to.deep.include({
      cron: '0 7 * * *',
      action: { type: 'warm', model: 'gemma-27b', launch: false },
    });

    await page.getByRole('switch', { name: 'Coding model in the morning is on' }).click();
    await page.getByText('Coding model in the morning switched off').waitFor();
    await button('Run now: Health sweep').click();
    await page.getByText('The run has begun').waitFor();
    await page.getByRole('link', { name: 'Health sweep' }).click();
    await page.getByText('The lock of nightly-batch was not free within 600 s.').waitFor();
    await button('Edit…').click();
    expect(await page.locator('select[name="type"]').inputValue()).to.equal('health_sweep');
    await page.keyboard.press('Escape');
    await button('Remove…').click();
    await button('Remove Health sweep').click();
    await page.waitForURL('**/automations');
    await page.getByText('Automation removed').waitFor();
    await page.getByRole('link', { name: 'Health sweep' }).waitFor({ state: 'detached' });
    isQuiet(REFUSED);
  });

  it('makes a webhook, shows its secret once, tests, resends, rotates, switches and removes', async () => {
    stub.script.coordination.onSaveWebhook = (body, id) =>
      id === null ? ok({ ...aWebhook({ id: 'whk_03', ...body }), secret: 'whsec_once' }, 201) : ok(aWebhook({ id, ...body }));
    const page = await open('/webhooks');
    await button('New webhook…').click();
    await page.getByLabel('URL').fill('http://receiver.local:9000/new');
    await page.getByLabel('lock_broken').check();
    await button('Create the webhook').click();
    await page.getByText('whsec_once').waitFor();
    await page.mouse.click(5, 5);
    await button('Copy secret').click();
    await page.getByText('secret copied').waitFor();
    await button('I have stored it').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    // A frame later it is nowhere in the document.
    await page.waitForFunction(() => !document.documentElement.outerHTML.includes('whsec_once'));
    expect(asked('POST', /webhooks$/)[0]?.body).to.deep.include({
      events: ['swap_complete', 'swap_failed', 'lock_broken'],
      allow_loopback: false,
    });

    await page.getByRole('link', { name: 'http://receiver.local:8080/hook' }).click();
    await page.getByText('no answer within 15 s (15000 ms)', { exact: true }).waitFor();
    await page.getByRole('button', { name: /^Send again: lock_broken/ }).click();
    await page.getByText('Sent again').waitFor();
    await button('Test http://receiver.local:8080/hook').click();
    await page.getByText('Test delivered: HTTP 200 (35 ms)').waitFor();
    await page.getByRole('switch').click();
    await page.getByText('Webhook switched off').waitFor();
    await button('Rotate the secret…').click();
    await button('Rotate the secret').click();
    await page.getByText('whsec_rotated').waitFor();
    await page.keyboard.press('Escape');
    await button('Remove…').click();
    await button('Remove the webhook').click();
    await page.waitForURL('**/webhooks');
    isQuiet();
  });

  it('shows the audit trail, newest first, and filters it', async () => {
    const page = await open('/audit');
    await page.getByRole('cell', { name: 'the host has to be rebooted' }).waitFor();
    expect(await page.locator('tbody .model-name').allInnerTexts()).to.deep.equal(['lock broken', 'lock acquired', 'automation created']);
    await page.getByLabel('Action').selectOption('lock_acquired');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
    expect(await page.locator('tbody .model-name').allInnerTexts()).to.deep.equal(['lock acquired']);
  });

  it('has every screen within reach on a phone', async () => {
    const page = await open('/', { width: 360, height: 800 });
    for (const [name, path] of [
      ['Automations', '/automations'],
      ['Webhooks', '/webhooks'],
      ['Audit', '/audit'],
    ] as const) {
      await button('More').click();
      await page.getByRole('link', { name, exact: true }).click();
      await page.getByRole('heading', { name, level: 1 }).waitFor();
      expect(new URL(page.url()).pathname).to.equal(path);
      expect(await page.locator('#rail-more').isVisible()).to.equal(false);
    }
    isQuiet();
  });
});
