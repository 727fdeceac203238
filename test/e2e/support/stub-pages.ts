import { expect } from 'chai';
import { needsBrowser, type OpenPage, TestBrowser, type Visit } from './browser.ts';
import { aScript } from './page-script.ts';
import { StubApi } from './stub-api.ts';

const dashboardFolder = new URL('../../../packages/web-ui/dist/www/', import.meta.url);

type Page = OpenPage['page'];

/** The page that a test has open, and the API behind it, which answers as the test says. */
export type StubPages = Readonly<{
  stub: () => StubApi;
  page: () => Page;
  /** Opens a path and waits for nothing. */
  visit: (path: string, visit?: Visit) => Promise<Page>;
  /** Opens a path and waits until the page hears of events. */
  open: (path: string, visit?: Visit) => Promise<Page>;
  asked: (method: string, path: RegExp) => StubApi['requests'];
  /** Nothing was complained of in the console but what `expected` matches. */
  isQuiet: (expected?: RegExp) => void;
  button: (name: string) => ReturnType<Page['getByRole']>;
}>;

/** Call it inside `describe`: one browser for the suite, a fresh stub for each test. */
export function useStubPages(): StubPages {
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

  const page = (): Page => {
    if (opened === null) throw new Error('no page is open');
    return opened.page;
  };
  const visit: StubPages['visit'] = async (path, options = {}) => {
    opened = await browser.open(stub.url + path, options);
    return page();
  };
  return {
    stub: () => stub,
    page,
    visit,
    async open(path, options) {
      await (await visit(path, options)).locator('.connection', { hasText: 'live' }).waitFor();
      return page();
    },
    asked: (method, path) => stub.requests.filter((one) => one.method === method && path.test(one.path)),
    isQuiet: (expected) => expect(opened?.complaints(expected)).to.deep.equal([]),
    button: (name) => page().getByRole('button', { name, exact: true }),
  };
}
