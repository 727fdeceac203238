import type { Api } from '../../src/api.ts';
import { Controller, type Surroundings } from '../../src/controller.ts';
import type { ManageModule } from '../../src/manage/contract.ts';
import { type AppState, initialState, type OwnLock } from '../../src/state.ts';
import { Store } from '../../src/store.ts';
import { aLock } from './coordination-builders.ts';
import { NOON } from './instants.ts';
import { aModel } from './wire-builders.ts';

/** Rejects a call that the test did not foresee. */
const unforeseen: Api = new Proxy({} as Api, {
  get: (_, name) => () => {
    throw new Error(`unexpected call of ${String(name)}`);
  },
});

/** A controller with a scripted server, a clock that stands still until the test moves it, and a record of what left the page. */
export function rig(
  api: Partial<Api> = {},
  change: Partial<AppState> = {},
  module: ManageModule | null = null,
  more: Partial<Surroundings> = {},
) {
  const store = new Store<AppState>({ ...initialState({ screen: 'overview' }, NOON), ...change });
  const paths: string[] = [];
  const remembered: string[] = [];
  const kept: Readonly<Record<string, OwnLock>>[] = [];
  const clock = { now: NOON, monotonic: 0 };
  let keys = 0;
  const known: Partial<Api> = {
    models: async () => ({ items: [aModel('gemma-27b')], next_cursor: null, revision: 1, fault: null }),
    lock: async (cluster) => aLock({ cluster }),
    ...api,
  };
  const full = new Proxy(unforeseen, { get: (target, name) => Reflect.get(known, name) ?? Reflect.get(target, name) });
  const controller = new Controller(store, full, {
    now: () => clock.now,
    monotonic: () => clock.monotonic,
    after: () => settle(),
    randomKey: () => {
      keys += 1;
      return `key-${keys}`;
    },
    pushPath: (path) => paths.push(path),
    call: async (path) => {
      throw new Error(`unexpected call of ${path}`);
    },
    // Its elements need a window; whoever tests these screens gives the module.
    loadManage: () => (module === null ? Promise.reject(new Error('no window')) : Promise.resolve(module)),
    openStream: () => () => undefined,
    copy: async (text) => text !== 'forbidden',
    remember: (name, value) => remembered.push(`${name}=${value}`),
    keepLocks: (locks) => kept.push(locks),
    ...more,
  });
  return { store, controller, paths, remembered, kept, clock };
}

/** Lets promises that are settled already run their course. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
