import { act } from './actions.ts';
import type { Surroundings } from './controller.ts';
import { keepLocks, remember } from './preferences.ts';
import { parseRoute, type Route } from './router.ts';
import { readKey } from './shortcuts.ts';
import type { AppState } from './state.ts';
import type { Stream } from './stream.ts';
import type { Call } from './transport.ts';

/** A tab nobody has looked at for this long gives its line back. */
const HIDDEN_MS = 60_000;
const PREFIX_MS = 1_500;

export function browserSurroundings(call: Call): Surroundings {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    randomKey,
    pushPath: (path) => history.pushState(null, '', path),
    copy,
    remember: (name, value) => remember(document, localStorage, name, value),
    loadManage: async () => {
      const { manage } = await import('./manage/index.ts');
      manage.define(customElements);
      return manage;
    },
    call,
    openStream,
    keepLocks: (locks) => keepLocks(sessionStorage, locks),
  };
}

/** EventSource joins again by itself after a cut, and stops at an answer of 204, which is how a stream that is over is told. */
function openStream(url: string, onEvent: (type: string, data: unknown) => void): () => void {
  const source = new EventSource(url);
  for (const type of ['snapshot', 'progress', 'log', 'settled']) {
    source.addEventListener(type, ({ data }: MessageEvent<string>) => {
      onEvent(type, JSON.parse(data));
      if (type === 'settled') source.close();
    });
  }
  return () => source.close();
}

/** `crypto.randomUUID` is missing on a page served by plain HTTP from another machine; this is not. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The clipboard API, too, is for secure contexts only; the old command is what remains on a LAN. */
async function copy(text: string): Promise<boolean> {
  if (window.isSecureContext) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const area = document.createElement('textarea');
  const host = document.querySelector('dialog[open]') ?? document.body;
  const focused = document.activeElement;
  area.className = 'visually-hidden';
  area.value = text;
  host.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}

/** Links to screens are followed inside the page; with a modifier, or to elsewhere, the browser does as always. */
export function followLinks(page: Document, go: (route: Route) => void): void {
  page.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      return;
    if (link.origin !== location.origin || link.hasAttribute('download') || link.getAttribute('href')?.startsWith('#') === true) return;
    const route = parseRoute(link.pathname);
    if (route.screen === 'missing') return;
    event.preventDefault();
    go(route);
  });
}

export function listenToKeys(page: Document, state: () => AppState): void {
  let prefixAt = Number.NEGATIVE_INFINITY;
  page.addEventListener('keydown', (event) => {
    const context = { singleKeys: state().singleKeys, dialogOpen: state().dialog !== null, isTyping: isTyping(event.target) };
    const press = { key: event.key, ctrl: event.ctrlKey, meta: event.metaKey, alt: event.altKey };
    const answer = readKey(press, event.timeStamp - prefixAt < PREFIX_MS, context);
    prefixAt = answer.kind === 'prefix' ? event.timeStamp : Number.NEGATIVE_INFINITY;
    if (answer.kind === 'none' || answer.kind === 'prefix') return;
    event.preventDefault();
    if (answer.kind === 'action') act(page, answer.action);
    else page.querySelector<HTMLInputElement>('[data-filter]')?.focus();
  });
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof Element && target.matches('input:not([type="checkbox"], [type="radio"]), textarea, select');

export function pauseWhenHidden(page: Document, stream: Stream, onVisible: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  page.addEventListener('visibilitychange', () => {
    clearTimeout(timer);
    if (page.visibilityState === 'hidden') timer = setTimeout(() => stream.pause(), HIDDEN_MS);
    else {
      stream.resume();
      onVisible();
    }
  });
}
