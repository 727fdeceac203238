import { expect } from 'chai';
import { FakeSshServer } from '../../packages/ssh-adapter/test/support/ssh-server.ts';
import { needsBrowser, type OpenPage, TestBrowser, type Visit } from './support/browser.ts';
import { ManagedServer } from './support/managed-server.ts';

/** What a browser says of an answer that refuses, which these tests provoke. */
const REFUSED = /status of (404|412|422|502)/;
/** A phone and a desk. */
const NARROW = { width: 400, height: 900 };
const WIDE = { width: 1280, height: 900 };

describe('managing in a browser, on a whole server', function () {
  this.timeout(30_000);
  let browser: TestBrowser;
  let server: ManagedServer;
  let opened: OpenPage | null = null;

  before(async function () {
    needsBrowser(this);
    [browser, server] = await Promise.all([TestBrowser.launch(), ManagedServer.start()]);
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });
  afterEach(async () => {
    await opened?.close();
    opened = null;
  });

  const page = (): OpenPage['page'] => {
    if (opened === null) throw new Error('no page is open');
    return opened.page;
  };
  const open = async (path: string, visit: Visit = WIDE, at = server): Promise<OpenPage['page']> => {
    opened = await browser.open(at.url + path, visit);
    page().setDefaultTimeout(10_000);
    return page();
  };
  const button = (name: string | RegExp) => page().getByRole('button', { name, exact: typeof name === 'string' });
  const sees = (text: string | RegExp) => page().getByText(text).filter({ visible: true }).first().waitFor();
  const heading = (name: string | RegExp) => page().getByRole('heading', { name, level: 1 }).waitFor();
  const ends = (word: string) => page().locator('.swap-head .mark', { hasText: word }).waitFor();
  const dialogIsGone = () => page().getByRole('dialog').waitFor({ state: 'detached' });
  const hasFocus = (selector: string) => page().waitForFunction((wanted) => document.activeElement?.matches(wanted) === true, selector);
  const isQuiet = () => expect(opened?.complaints(REFUSED)).to.deep.equal([]);

  describe('models', () => {
    it('edits the flags, with each refusal beside its field, and goes back to what was', async () => {
      await open('/models');
      await page().getByRole('link', { name: 'Alpha' }).click();
      await heading('Alpha');
      const length = page().locator('input[name="max-model-len"]');
      await length.fill('nonsense');
      await button('Save').click();
      await sees('--max-model-len takes a number of tokens');
      await hasFocus('input[name="max-model-len"]');
      await length.fill('8192');
      await page().locator('select[name="add-flag"]').selectOption('trust-remote-code');
      await sees('Runs Python code from the model repository');
      await hasFocus('select[name="trust-remote-code"]');
      await button('Save').click();
      await sees('--max-model-len: 4096 → 8192');
      expect(await server.read('models.yaml'))
        .to.include('max-model-len: 4096')
        .and.include('# What we serve.');

      await button('Go back to this…, revision 1').click();
      await button('Go back').click();
      await sees('alpha is as it was in revision 1.');
      await page().waitForFunction(() => document.querySelector<HTMLInputElement>('input[name="max-model-len"]')?.value === '4096');
      isQuiet();
    });

    it('loses nothing that was typed when somebody else was quicker', async () => {
      await open('/models/beta');
      const length = page().locator('input[name="max-model-len"]');
      await length.fill('2048');
      expect(await server.ask('PUT', '/api/models/beta/knobs', { flags: { 'max-model-len': 1_024 } })).to.equal(200);
      await button('Save').click();
      await sees('STALE_REVISION');
      expect(await length.inputValue()).to.equal('2048');
      await button('Save mine over it').click();
      await sees('--max-model-len: 1024 → 2048');
      isQuiet();
    });

    it('makes an entry of a pasted command, fetches its weights from the dialog of the swap, and removes it', async () => {
      await open('/models');
      await page().getByRole('link', { name: 'Add a model…' }).click();
      await page()
        .getByRole('textbox', { name: 'Command' })
        .fill('docker run -e HF_TOKEN=hf_abc vllm/vllm-openai:v1 --model lab/gamma --max-model-len 4k');
      await button('Read it').click();
      await sees('The value of HF_TOKEN is a secret');
      await page().getByRole('textbox', { name: 'Path on the hosts' }).fill('/etc/gamma');
      await button('Add it').click();
      await sees('Not added: look at what is marked above.');
      await hasFocus('input[name="local_path"]');
      await page().getByRole('textbox', { name: 'Path on the hosts' }).fill('');
      await page().getByRole('textbox', { name: 'Image' }).fill('');
      await button('Add it').click();
      await heading('gamma');
      // On simulated disks all is there that nobody took away.
      expect(await server.ask('DELETE', '/api/models/gamma/disk', undefined)).to.equal(200);
      await button('Load…').click();
      await button('Download the weights').click();
      await heading('Download the weights of gamma');
      await ends('done');
      await page().getByRole('link', { name: 'To the model gamma' }).click();
      await button('Delete the weights on spark1').click();
      await button('Delete them').click();
      await sees(/GiB freed on spark1/);
      await button('Remove…').click();
      await button('Remove it').click();
      await heading('Models');
      await page().getByRole('link', { name: 'gamma' }).waitFor({ state: 'detached' });
      isQuiet();
    });

    it('cancels a download half-way, and pulls an image to its end', async () => {
      for (const host of ['spark1', 'spark2']) await server.ask('DELETE', `/api/models/huge/disk?host=${host}`, undefined);
      await open('/models/huge');
      await button('Download').click();
      await page().locator('.swap-columns .bar').first().waitFor();
      await button('Cancel…').click();
      await button('Cancel it').click();
      await ends('cancelled');
      await sees('What has arrived stays on the disk');
      await page().getByRole('link', { name: 'To the model huge' }).click();
      await button('Pull the image').click();
      await heading('Pull the image of huge');
      await ends('done');
      await page().getByRole('link', { name: 'Operations' }).first().click();
      await page()
        .getByRole('row', { name: /Download the weights of huge.*cancelled/ })
        .waitFor();
      isQuiet();
    });
  });

  describe('hosts', () => {
    it('shows how they are, tests the way there, and updates one with a reboot', async () => {
      await open('/');
      await page().getByRole('link', { name: 'spark2 (simulated)' }).click();
      await sees('DGX OS 7.4.0');
      for (const fact of ['Kernel', 'Memory pressure', 'Swap free']) await page().locator('dt', { hasText: fact }).waitFor();
      await button('Test the connection').click();
      await page()
        .getByRole('row', { name: /Host key passed.*which is trusted/ })
        .waitFor();
      await hasFocus('button');
      await button('Look for updates').click();
      await page()
        .getByRole('row', { name: /docker-ce.*caution/ })
        .waitFor();
      await button('Update…').click();
      await page().getByLabel('Why').fill('the monthly round');
      await button('Update spark2 (simulated)').click();
      await heading('Update spark2');
      await sees('the monthly round');
      await ends('done');
      await sees(/kernel 6\.17\.0-1021-nvidia → 6\.17\.0-1032-nvidia/);
      await sees('The hosts differ in their kernel');
      await page().getByRole('link', { name: 'To the host spark2' }).click();
      await page().locator('dd', { hasText: '6.17.0-1032-nvidia' }).waitFor();
      isQuiet();
    });

    it('reboots one only once its name was typed', async () => {
      await open('/hosts');
      await page().getByRole('link', { name: 'spark1 (simulated)' }).click();
      await button('Reboot…').click();
      await page().getByLabel('Type spark1 to go on').fill('spark2');
      await button('Reboot spark1 (simulated)').click();
      await page().getByRole('dialog').waitFor();
      await page().getByLabel('Type spark1 to go on').fill('spark1');
      await page().keyboard.press('Enter');
      await heading('Reboot spark1');
      await ends('done');
      isQuiet();
    });

    it('trusts a key that was compared, and changes a setting of the file, or says why not', async () => {
      const ssh = new FakeSshServer();
      await ssh.start();
      ssh.behaviour.onExec = (channel) => {
        channel.exit(127);
        channel.end();
      };
      const { sshPort, identityFile } = ssh.host();
      const other = await ManagedServer.start(`hosts:
  spark1: { address: 127.0.0.1, port: ${sshPort}, user: nvidia, key_file: ${identityFile} }
clusters:
  default: { hosts: [spark1], launcher: docker_run, port: 8000 }
limits:
  drain_seconds: 5 # we are patient
`);
      try {
        await open('/hosts/spark1', WIDE, other);
        await sees('which is not trusted yet');
        await button('Test the connection').click();
        await button('Trust this key…').click();
        await page().getByRole('dialog').getByText(ssh.fingerprint).waitFor();
        await button('They are the same: trust it').click();
        await page()
          .getByRole('row', { name: /Host key passed/ })
          .waitFor();

        await page().goto(`${other.url}/settings`);
        await button('Change drain_seconds').click();
        await page().getByLabel('Value').fill('plenty');
        await button('Save').click();
        await sees('"drain_seconds" has to be a whole number');
        await page().getByLabel('Value').fill('12');
        await page().keyboard.press('Enter');
        await dialogIsGone();
        await sees('restart Spark Control to use it');
        await hasFocus('[aria-label="Change drain_seconds"]');
        expect(await other.read('spark.yaml')).to.include('drain_seconds: 12 # we are patient');
        isQuiet();
      } finally {
        await other.close();
        await ssh.stop();
      }
    });
  });

  describe('services', () => {
    it('checks them with real requests, and opens the chat with the model that serves', async () => {
      await open('/services');
      await button('Check with real requests').click();
      await sees('half a second of audio was transcribed');
      expect(await server.ask('POST', '/api/swap', { model: 'alpha' })).to.equal(202);
      await page().goto(`${server.url}/models`);
      await page()
        .getByRole('row', { name: /Alpha.*ready/ })
        .waitFor();
      await page().goto(`${server.url}/services/open-webui`);
      const link = page().getByRole('link', { name: 'Open with the running model' });
      await link.waitFor();
      expect(await link.getAttribute('href')).to.match(/\/\?models=alpha$/);
      await page().getByRole('link', { name: 'Services' }).click();
      await page()
        .getByRole('row', { name: /Simulated Sparks.*\/v1.*alpha/ })
        .waitFor();
      isQuiet();
    });

    it('caps the memory of one, patches it, takes the patches back, reads its log and restarts it', async () => {
      await open('/services/parakeet-asr');
      await button('Memory cap…').click();
      await page().getByLabel('Cap in MiB').fill('8192');
      await button('Set the cap').click();
      await page().locator('dd', { hasText: '8.0 GiB' }).waitFor();
      await button('Reapply patches…').click();
      await sees('/app/server.py');
      await button('Go: reapply them').click();
      await ends('done');
      await page().getByRole('link', { name: 'To the service parakeet-asr' }).click();
      await button('Undo patches…').click();
      await button('Go: undo them').click();
      await heading('Undo the patches of parakeet-asr');
      await ends('done');
      await page().getByRole('link', { name: 'To the service parakeet-asr' }).click();
      await button('Read the log').click();
      await sees('parakeet-asr starts (simulated)');
      await button('Restart…').click();
      await page().getByLabel('Why').fill('it is slow');
      await button('Restart Parakeet').click();
      await heading('Restart parakeet-asr');
      await ends('done');
      isQuiet();
    });

    it('takes snapshots, puts a collection back, deletes a snapshot, and explains the way for the whole storage', async () => {
      await open('/services/qdrant');
      await page()
        .getByRole('row', { name: /documents ready 12,480/ })
        .waitFor();
      await button('Take snapshots…').click();
      await page().getByLabel('Keep the newest').fill('2');
      await page().keyboard.press('Enter');
      await heading('Take snapshots of qdrant');
      await ends('done');
      await page().getByRole('link', { name: 'To the service qdrant' }).click();
      await button(/^Restore… documents/).click();
      await page().getByLabel('Type documents to go on').fill('documents');
      await button('Restore documents').click();
      await heading('Restore a collection of qdrant');
      await ends('done');
      await page().getByRole('link', { name: 'To the service qdrant' }).click();
      await page().locator('.snapshots tbody tr').nth(2).waitFor();
      await button(/^Delete… transcripts/).click();
      await button('Delete it').click();
      await page().waitForFunction(() => document.querySelectorAll('.snapshots tbody tr').length === 2);
      await button('Restore the whole storage…').click();
      await sees('docker stop qdrant');
      isQuiet();
    });

    it('installs a NIM that becomes a service; a port that is taken is refused in the dialog', async () => {
      await open('/services');
      await button('Install a NIM…').click();
      await page().getByLabel('Registry').fill('registry.local:5000');
      await page().getByLabel('NGC API key').fill('nvapi-secret');
      await page().getByLabel('Port on the host').fill('5092');
      await page().locator('select[name="host"]').selectOption('spark1');
      await button('Install it').click();
      await page()
        .getByRole('dialog')
        .getByText(/is the port of service parakeet-asr/)
        .waitFor();
      await page().getByLabel('Port on the host').fill('8001');
      await button('Install it').click();
      await heading('Install a NIM container on spark1');
      await ends('done');
      await sees('The NGC key stays readable on spark1');
      expect(await page().content()).to.not.include('nvapi-secret');
      await page().getByRole('link', { name: 'To the service nim' }).click();
      await heading(/nim/);
      isQuiet();
    });
  });

  describe('every new screen', () => {
    const SCREENS = [
      ['/models/alpha', 'Alpha'],
      ['/add-model', 'Add a model'],
      ['/hosts', 'Hosts'],
      ['/hosts/spark1', 'spark1 (simulated)'],
      ['/services', 'Services'],
      ['/services/qdrant', 'Qdrant'],
      ['/operations', 'Operations'],
      ['/settings', 'Settings'],
    ] as const;

    it('has a link of its own, comes in a file that the policy allows, and is accessible in both themes and on a phone', async () => {
      await open('/hosts');
      for (const [path, name] of SCREENS) {
        const answer = await page().goto(server.url + path);
        expect(answer?.headers()['content-security-policy']).to.include("script-src 'self'");
        await heading(name);
        await page().locator('.connection', { hasText: 'live' }).waitFor();
        for (const [size, theme] of [
          [WIDE, 'light'],
          [WIDE, 'dark'],
          [NARROW, 'dark'],
          [NARROW, 'light'],
        ] as const) {
          await page().setViewportSize(size);
          await page().emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
          expect(await opened?.axe(), `${path} ${size.width} ${theme}`).to.deep.equal([]);
          const surplus = await page().evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          expect(surplus, `${path} is wider than ${size.width}`).to.be.at.most(0);
        }
        const late = await page().evaluate(
          () => performance.getEntriesByType('resource').filter(({ name: url }) => url.endsWith('.js')).length,
        );
        expect(late, path).to.be.at.least(2);
      }
      await page().setViewportSize(WIDE);
      await page().getByRole('link', { name: 'Operations' }).first().click();
      await page().locator('tbody a').first().click();
      await page().reload();
      await page().locator('.swap-head h1').waitFor();
      expect(await opened?.axe()).to.deep.equal([]);
      isQuiet();
    });

    it('says so where there is nothing of that name', async () => {
      await open('/models/nobody');
      await sees('No model nobody');
      await page().goto(`${server.url}/services/nobody`);
      await sees('No service nobody');
      await page().goto(`${server.url}/operations/op_nobody`);
      await sees('No operation op_nobody');
      await page().goto(`${server.url}/hosts/nobody`);
      await sees('No host nobody');
      isQuiet();
    });
  });
});
