import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';

/** First path segments that programs use: an unknown path below them is a mistake to be told, not a page. */
const PROGRAM_PATHS = /^\/(?:api|v1|scrub|unscrub|assets|docs|healthz|readyz|metrics|openapi\.json)(?:\/|$)/i;
/** The dashboard sets it. Only these two values are ever written into the page. */
const THEME_COOKIE = /(?:^|;)\s*spark_control_theme=(light|dark)\s*(?:;|$)/;
const ONE_YEAR_SECONDS = 31_536_000;
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

/** Serves the built dashboard: its assets for good, since their names change with their content, its page afresh each time. */
export function serveDashboard(app: Express, webRoot: string): void {
  app.use(
    '/assets',
    compressed(join(webRoot, 'assets')),
    express.static(join(webRoot, 'assets'), { index: false, redirect: false, fallthrough: true, setHeaders: keepForGood }),
  );
  app.use((request, response, next) => {
    const isPage = (request.method === 'GET' || request.method === 'HEAD') && !PROGRAM_PATHS.test(request.path);
    if (!isPage) return next();
    sendFromRoot(request, response, next);
  });
  const files = express.static(webRoot, {
    index: false,
    redirect: false,
    setHeaders: (response) => response.setHeader('Cache-Control', 'no-cache'),
  });
  function sendFromRoot(...[request, response, next]: Parameters<RequestHandler>): void {
    files(request, response, (error?: unknown) => {
      if (error !== undefined) return next(error);
      sendPage(webRoot, request, response).catch(next);
    });
  }
}

/** The page, with the appearance that its reader chose: a script that sets it later would let a dark page flash white first. */
async function sendPage(webRoot: string, request: Request, response: Response): Promise<void> {
  const theme = THEME_COOKIE.exec(request.get('cookie') ?? '')?.[1];
  const page = await readFile(join(webRoot, 'index.html'), 'utf8');
  response.set({ 'Cache-Control': 'no-cache', Vary: 'Cookie' });
  response.type('html').send(theme === undefined ? page : page.replace('<html lang="en">', `<html lang="en" data-theme="${theme}">`));
}

const keepForGood = (response: { setHeader(name: string, value: string): unknown }): void => {
  response.setHeader('Cache-Control', `public, max-age=${ONE_YEAR_SECONDS}, immutable`);
};

/** Answers with the copy that the build compressed beforehand, when the browser takes it. */
function compressed(root: string): RequestHandler {
  return (request, response, next) => {
    response.vary('Accept-Encoding');
    if (!/^\/[\w.-]+$/.test(request.path)) return next();
    const found = ENCODINGS.find(
      ([name, suffix]) => request.acceptsEncodings(name) === name && existsSync(join(root, request.path + suffix)),
    );
    if (found === undefined) return next();
    const [encoding, suffix] = found;
    response.type(request.path.slice(request.path.lastIndexOf('.')));
    response.set('Content-Encoding', encoding);
    request.url = request.path + suffix;
    next();
  };
}
