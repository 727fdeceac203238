import { expect } from 'chai';
import fc from 'fast-check';
import { keepLocks, readLocks, readPreferences } from '../src/preferences.ts';
import { parseRoute, pathOf } from '../src/router.ts';
import { type KeyContext, readKey } from '../src/shortcuts.ts';

describe('routes', () => {
  for (const [path, route] of [
    ['/', { screen: 'overview' }],
    ['/models', { screen: 'models' }],
    ['/history/', { screen: 'history' }],
    ['/swaps/swp_01', { screen: 'swap', id: 'swp_01' }],
    ['/swaps', { screen: 'missing', path: '/swaps' }],
    ['/calendar', { screen: 'calendar' }],
    ['/automations', { screen: 'automations' }],
    ['/automations/aut_1', { screen: 'automation', id: 'aut_1' }],
    ['/webhooks/whk_1', { screen: 'webhook', id: 'whk_1' }],
    ['/webhooks/whk_1/x', { screen: 'missing', path: '/webhooks/whk_1/x' }],
    ['/audit', { screen: 'audit' }],
    ['/constructor', { screen: 'missing', path: '/constructor' }],
    ['/constructor/x', { screen: 'missing', path: '/constructor/x' }],
    ['/models/gemma-27b', { screen: 'model', id: 'gemma-27b' }],
    ['/add-model', { screen: 'add-model' }],
    ['/operations/op_1', { screen: 'operation', id: 'op_1' }],
    ['/models/gemma/extra', { screen: 'missing', path: '/models/gemma/extra' }],
    ['/swaps/%E0%A4%A', { screen: 'swap', id: '%E0%A4%A' }],
  ] as const) {
    it(`reads ${path}`, () => expect(parseRoute(path)).to.deep.equal(route));
  }

  it('come back as they went into the address bar', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (id) => {
        for (const screen of ['swap', 'automation', 'webhook'] as const)
          expect(parseRoute(pathOf({ screen, id }))).to.deep.equal({ screen, id });
      }),
    );
  });
});

describe('keys', () => {
  const calm: KeyContext = { singleKeys: true, dialogOpen: false, isTyping: false };
  const key = (name: string, held: Partial<{ ctrl: boolean; meta: boolean; alt: boolean }> = {}) => ({
    key: name,
    ctrl: false,
    meta: false,
    alt: false,
    ...held,
  });

  it('go to a screen by two keys', () => {
    expect(readKey(key('g'), false, calm)).to.deep.equal({ kind: 'prefix' });
    expect(readKey(key('m'), true, calm)).to.deep.equal({ kind: 'action', action: { kind: 'navigate', route: { screen: 'models' } } });
    expect(readKey(key('m'), false, calm)).to.deep.equal({ kind: 'none' });
    expect(readKey(key('g'), true, calm)).to.deep.equal({ kind: 'prefix' });
  });

  it('have one for every screen of the rail', () => {
    const screens = [...'omchawu'].map((letter) => {
      const answer = readKey(key(letter), true, calm);
      return answer.kind === 'action' && answer.action.kind === 'navigate' ? answer.action.route.screen : answer.kind;
    });
    expect(screens).to.deep.equal(['overview', 'models', 'calendar', 'history', 'automations', 'webhooks', 'audit']);
  });

  it('filter, help and palette have one each', () => {
    expect(readKey(key('/'), false, calm)).to.deep.equal({ kind: 'focus_filter' });
    expect(readKey(key('?'), false, calm)).to.deep.include({ kind: 'action' });
    expect(readKey(key('k', { ctrl: true }), false, calm)).to.deep.include({ kind: 'action' });
    expect(readKey(key('K', { meta: true }), false, calm)).to.deep.include({ kind: 'action' });
  });

  it('do nothing while somebody types, a dialog is open, or they are switched off', () => {
    for (const context of [
      { ...calm, isTyping: true },
      { ...calm, dialogOpen: true },
      { ...calm, singleKeys: false },
    ]) {
      for (const name of ['g', '/', '?']) expect(readKey(key(name), false, context)).to.deep.equal({ kind: 'none' });
    }
    expect(readKey(key('k', { ctrl: true }), false, { ...calm, dialogOpen: true })).to.deep.equal({ kind: 'none' });
  });

  it('leave the palette to those who switched single keys off', () => {
    expect(readKey(key('k', { ctrl: true }), false, { ...calm, singleKeys: false })).to.deep.include({ kind: 'action' });
  });

  it('leave the browser its own', () => {
    expect(readKey(key('g', { ctrl: true }), false, calm)).to.deep.equal({ kind: 'none' });
    expect(readKey(key('/', { alt: true }), false, calm)).to.deep.equal({ kind: 'none' });
  });
});

describe('preferences', () => {
  const storage = (values: Record<string, string>) => ({ getItem: (name: string) => values[name] ?? null }) as Storage;

  it('have defaults, and fall back to them for nonsense', () => {
    const defaults = { theme: 'auto', singleKeys: true, chosenCluster: null, holder: '' };
    expect(readPreferences(storage({}))).to.deep.equal(defaults);
    expect(readPreferences(storage({ 'sc.theme': 'purple', 'sc.single_keys': 'maybe' }))).to.deep.equal(defaults);
    expect(
      readPreferences(storage({ 'sc.theme': 'dark', 'sc.single_keys': 'false', 'sc.cluster': 'solo', 'sc.holder': 'alice' })),
    ).to.deep.equal({
      theme: 'dark',
      singleKeys: false,
      chosenCluster: 'solo',
      holder: 'alice',
    });
  });

  it('keep the locks of a tab, and pass over what is none', () => {
    const values: Record<string, string> = {};
    const session = {
      ...storage(values),
      setItem: (name: string, value: string) => Object.assign(values, { [name]: value }),
    } as unknown as Storage;
    expect(readLocks(session)).to.deep.equal({});
    const locks = { default: { lockId: 'lck_1', holder: 'alice', fence: 412 } };
    keepLocks(session, locks);
    expect(readLocks(session)).to.deep.equal(locks);
    for (const nonsense of ['{', 'null', '7', '[]', '{"default":null}', '{"default":{"lockId":1}}']) {
      values['sc.locks'] = nonsense;
      expect(readLocks(session), nonsense).to.deep.equal({});
    }
  });
});
