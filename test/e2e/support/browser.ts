import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

const isCi = Boolean(process.env['CI']) && process.env['CI'] !== 'false';

/** Call first in a suite's `before`: without a browser the suite is skipped with a message, and fails where one was promised. */
export function needsBrowser(test: Mocha.Context): void {
  try {
    accessSync(executablePath, constants.X_OK);
  } catch {
    const message = `no Chromium at ${executablePath}: install Debian's "chromium", or name one in CHROMIUM`;
    if (isCi) throw new Error(message);
    console.warn(`      skipped, ${message}`);
    test.skip();
  }
}

export type Visit = Readonly<{ width?: number; height?: number; theme?: 'light' | 'dark'; touch?: boolean }>;

/** A Chromium with an empty profile. Each visit is a window of its own that collects what the page complained about. */
export class TestBrowser {
  readonly #context: BrowserContext;
  readonly #profile: string;

  private constructor(context: BrowserContext, profile: string) {
    this.#context = context;
    this.#profile = profile;
  }

  static async launch(): Promise<TestBrowser> {
    const profile = await mkdtemp(join(tmpdir(), 'spark-control-chromium-'));
    const context = await chromium.launchPersistentContext(profile, { executablePath, args: FLAGS, viewport: null });
    return new TestBrowser(context, profile);
  }

  async open(url: string, { width = 1200, height = 900, theme = 'light' }: Visit = {}): Promise<OpenPage> {
    const page = await this.#context.newPage();
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    const opened = new OpenPage(page);
    await page.goto(url);
    return opened;
  }

  async close(): Promise<void> {
    await this.#context.close();
    await rm(this.#profile, { recursive: true, force: true });
  }
}

/** A page, with its complaints: console errors, uncaught exceptions, violations of the Content-Security-Policy. */
export class OpenPage {
  readonly page: Page;
  readonly #complaints: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.#complaints.push(`exception: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.#complaints.push(`${message.type()}: ${message.text()}`);
    });
  }

  /** Complaints that are not about requests the test made fail (`expected`). */
  complaints(expected: RegExp = /(?!)/): readonly string[] {
    return this.#complaints.filter((text) => !expected.test(text));
  }

  /** Accessibility faults of the page as it is now, one line each. */
  async axe(): Promise<readonly string[]> {
    await this.page.evaluate(axe.source);
    const run = `axe.run(document, { resultTypes: ['violations'], runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] } })`;
    const { violations } = (await this.page.evaluate(run)) as axe.AxeResults;
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary ?? ''}`));
  }

  async close(): Promise<void> {
    await this.page.close();
  }
}
