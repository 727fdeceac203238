import { ACTION_EVENT, type Action } from './actions.ts';
import { createApi } from './api.ts';
import { browserSurroundings, followLinks, listenToKeys, pauseWhenHidden } from './browser.ts';
import { Controller } from './controller.ts';
import type { ScApp } from './elements/app.ts';
import { defineElements } from './elements/define.ts';
import { applyTheme, readLocks, readPreferences } from './preferences.ts';
import { parseRoute } from './router.ts';
import { type AppState, initialState } from './state.ts';
import { Store } from './store.ts';
import { createStream } from './stream.ts';
import { createCall } from './transport.ts';
import { pageTitle } from './view-models/serving.ts';

const TICK_MS = 1_000;

/**
 * A burst of events is drawn once. Timers, not frames: a tab in the background has no frames but its title must go on.
 * What is returned draws at once.
 */
function drawOn(store: Store<AppState>, app: ScApp): () => void {
  let planned = false;
  const draw = (): void => {
    planned = false;
    app.view = store.get();
    document.title = pageTitle(store.get());
  };
  store.select(
    (state) => state,
    () => {
      if (planned) return;
      planned = true;
      setTimeout(draw, 16);
    },
  );
  return draw;
}

function start(): void {
  defineElements(customElements);
  const app = document.querySelector<ScApp>('sc-app');
  if (app === null) return;
  const call = createCall(fetch.bind(window));
  const around = browserSurroundings(call);
  const store = new Store<AppState>({
    ...initialState(parseRoute(location.pathname), around.now(), around.monotonic()),
    ...readPreferences(localStorage),
    ownLocks: readLocks(sessionStorage),
  });
  const controller = new Controller(store, createApi(call), around);
  const stream = createStream({
    open: (url) => new EventSource(url),
    onEvent: (event) => controller.onStreamEvent(event),
    onState: (state) => controller.onStreamState(state),
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  });
  const draw = drawOn(store, app);
  document.addEventListener(ACTION_EVENT, (event) => {
    controller.perform((event as CustomEvent<Action>).detail);
    // At once: the next key of somebody who types fast must find the dialog that the last one opened.
    draw();
  });
  followLinks(document, (route) => controller.navigate(route, true));
  listenToKeys(document, () => store.get());
  pauseWhenHidden(document, stream, () => controller.onVisible());
  window.addEventListener('popstate', () => controller.navigate(parseRoute(location.pathname), false));
  store.select(
    ({ theme }) => theme,
    (theme) => applyTheme(document.documentElement, theme),
  );
  store.select(
    ({ route }) => route,
    (route) => stream.follow(route.screen === 'swap' ? route.id : null),
  );
  setInterval(() => controller.tick(document.visibilityState === 'visible'), TICK_MS);
  controller.navigate(store.get().route, false);
}

start();
