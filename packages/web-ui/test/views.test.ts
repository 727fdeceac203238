import { expect } from 'chai';
import { type AppState, initialState } from '../src/state.ts';
import { commands } from '../src/view-models/commands.ts';
import { connectionView } from '../src/view-models/connection.ts';
import { hostView } from '../src/view-models/host.ts';
import { flagSummary, modelRows } from '../src/view-models/model-row.ts';
import { notices } from '../src/view-models/notices.ts';
import { preflightView } from '../src/view-models/preflight.ts';
import { swapScreenView } from '../src/view-models/screens.ts';
import { pageTitle, servingView } from '../src/view-models/serving.ts';
import {
  aCheck,
  aCluster,
  aHost,
  aModel,
  aPreflight,
  aSettledSwap,
  aStatus,
  aSwap,
  GIB,
  iso,
  NOON,
  someMemory,
} from './support/wire-builders.ts';

const aState = (change: Partial<AppState> = {}): AppState => ({
  ...initialState({ screen: 'overview' }, NOON),
  status: aStatus(),
  models: { value: [aModel('qwen3-32b'), aModel('gemma-27b')], loading: false, problem: null },
  ...change,
});

const serving = (change: Parameters<typeof aCluster>[0]) => servingView(aState({ status: aStatus({ clusters: [aCluster(change)] }) }));

describe('servingView', () => {
  it('says what serves and since when', () => {
    expect(serving({})).to.deep.include({ title: 'qwen3-32b', eyebrow: 'Serving on Spark pair', note: 'for 2 h 14 min', canUnload: true });
    expect(serving({})?.mark).to.deep.equal({ tone: 'ok', shape: '●', word: 'ready' });
  });

  const states = [
    [{ serving: null, state: 'absent', healthy: false }, 'none', 'Nothing loaded'],
    [{ serving: 'unknown', state: 'unknown', healthy: false }, 'unknown', 'Unknown'],
    [{ serving: 'qwen3-32b', state: 'unknown', healthy: false }, 'unknown', 'qwen3-32b'],
    [{ serving: 'unmanaged', served_model_name: 'gemma4' }, 'warn', 'gemma4'],
    [{ healthy: false }, 'bad', 'qwen3-32b'],
    [{ state: 'starting', healthy: false }, 'busy', 'qwen3-32b'],
  ] as const;
  for (const [change, tone, title] of states) {
    it(`shows ${JSON.stringify(change)} as ${tone}`, () => {
      expect(serving(change)?.mark.tone).to.equal(tone);
      expect(serving(change)?.title).to.equal(title);
    });
  }

  it('never takes a process that runs for a model that serves', () => {
    expect(serving({ state: 'running', healthy: false })?.mark.word).to.equal('not answering');
  });

  const during = (change: Parameters<typeof aSwap>[0]) => {
    const clusters = [aCluster({ active_swap: 'swp_01', healthy: false })];
    return servingView(aState({ status: aStatus({ clusters }), swaps: { swp_01: aSwap(change) } }));
  };
  const headlines = [
    [{ phase: 'draining' }, '◐ draining', 'Coming on Spark pair', 'gemma-27b', 'qwen3-32b serves until then'],
    [{ phase: 'loading' }, '◐ loading', 'Coming on Spark pair', 'gemma-27b', ''],
    [{ phase: 'loading', cancel_requested_at: iso(NOON) }, '◐ loading', 'Coming on Spark pair', 'gemma-27b', 'cancel requested'],
    [{ phase: 'stopping', model: null }, '◐ stopping', 'Unloading on Spark pair', 'qwen3-32b', ''],
    [{ phase: 'rolling_back' }, '▲ rolling back', 'Coming back on Spark pair', 'qwen3-32b', 'gemma-27b failed'],
    [
      { phase: 'rolling_back', cancel_requested_at: iso(NOON) },
      '▲ rolling back',
      'Coming back on Spark pair',
      'qwen3-32b',
      'the swap was cancelled',
    ],
    [
      { phase: 'rolling_back', previous_model: null },
      '▲ rolling back',
      'Coming back on Spark pair',
      'What was there before',
      'gemma-27b failed',
    ],
  ] as const;
  for (const [change, state, eyebrow, title, note] of headlines) {
    it(`shows what comes, and no alarm, during ${JSON.stringify(change)}`, () => {
      const view = during(change);
      expect(`${view?.mark.shape} ${view?.mark.word}`).to.equal(state);
      expect(view).to.deep.include({ eyebrow, title, note, canUnload: false });
    });
  }

  it('lists who waits, in order', () => {
    const state = aState({ status: aStatus({ clusters: [aCluster({ queued: ['swp_01', 'swp_09'] })] }), swaps: { swp_01: aSwap() } });
    expect(servingView(state)?.queued).to.deep.equal([
      { id: 'swp_01', title: 'gemma-27b' },
      { id: 'swp_09', title: 'swp_09' },
    ]);
  });

  it('counts by the clock of the server, not of this device', () => {
    const status = aStatus({ clusters: [aCluster({ since: iso(NOON - 60_000) })] });
    expect(servingView(aState({ now: NOON + 7_200_000, clockSkewMs: -7_200_000, status }))?.note).to.equal('for 1 min');
  });
});

describe('pageTitle', () => {
  it('leads with what matters and says SIMULATED first', () => {
    expect(pageTitle(aState())).to.equal('● qwen3-32b - Spark Control');
    expect(pageTitle(aState({ status: aStatus({ simulated: true }) }))).to.equal('SIMULATED · ● qwen3-32b - Spark Control');
    const busy = aState({ status: aStatus({ clusters: [aCluster({ active_swap: 'swp_01' })] }), swaps: { swp_01: aSwap() } });
    expect(pageTitle(busy)).to.equal('◐ loading 2:42 - Spark Control');
    const titleOf = (change: Parameters<typeof aCluster>[0]) => pageTitle(aState({ status: aStatus({ clusters: [aCluster(change)] }) }));
    expect(titleOf({ serving: null, state: 'absent' })).to.equal('○ Nothing loaded - Spark Control');
    expect(titleOf({ serving: 'unknown', state: 'unknown' })).to.equal('? Unknown cannot be asked - Spark Control');
    expect(titleOf({ healthy: false })).to.equal('✕ qwen3-32b not answering - Spark Control');
  });
});

describe('hostView', () => {
  it('shows unified memory with the page cache apart', () => {
    const { memory } = hostView(aHost('spark-1'), NOON);
    expect(memory).to.deep.equal({
      usedPercent: 79.7,
      cachePercent: 3.1,
      text: '102 of 128 GiB used',
      detail: '26 GiB available, 4.0 GiB of it page cache',
      tight: false,
    });
  });

  it('shows what is not reported as not reported, not as zero', () => {
    const view = hostView(aHost('spark-1', { memory: null, gpu: null }), NOON);
    expect([view.memory, view.gpuPercent, view.gpuText]).to.deep.equal([null, null, 'not reported']);
  });

  it('shows a host that cannot be reached as unknown with the reason, without its old figures', () => {
    const host = aHost('spark-1', { reachable: false, code: 'HOST_UNREACHABLE', reason: 'no answer within 5 s' });
    const view = hostView(host, NOON);
    expect(view.mark).to.deep.equal({ tone: 'unknown', shape: '?', word: 'unknown' });
    expect(view).to.deep.include({ reason: 'no answer within 5 s', code: 'HOST_UNREACHABLE', memory: null, gpuPercent: null, facts: '' });
  });

  it('marks telemetry that is not fresh', () => {
    expect(hostView(aHost('spark-1', { at: iso(NOON - 60_000) }), NOON)).to.include({ isOld: true, age: '1 min ago' });
    expect(hostView(aHost('spark-1', { at: null, reachable: null }), NOON)).to.include({
      isOld: true,
      age: 'never asked',
      reason: 'not asked yet',
    });
  });
});

describe('modelRows', () => {
  const rowsFor = (change: Partial<AppState>) => modelRows(aState(change));

  it('offers what makes sense for each model here and now', () => {
    const status = aStatus({ clusters: [aCluster({ active_swap: 'swp_01' })] });
    const models = {
      value: [aModel('qwen3-32b'), aModel('gemma-27b'), aModel('huge', { nodes: 4 }), aModel('elsewhere', { clusters: ['other'] })],
      loading: false,
      problem: null,
    };
    const rows = rowsFor({ status, models, swaps: { swp_01: aSwap() } });
    expect(rows.map(({ action }) => action)).to.deep.equal([
      { kind: 'unload', label: 'Unload…' },
      { kind: 'follow', label: 'Follow', swap: 'swp_01' },
      { kind: 'none', label: 'needs 4 hosts' },
      { kind: 'none', label: 'not for this cluster' },
    ]);
    expect(rows.map(({ mark }) => mark.shape)).to.deep.equal(['●', '◐', '○', '○']);
  });

  it('does not raise an alarm for a model that a swap takes down', () => {
    const markIn = (phase: string, active: string | null) =>
      rowsFor({
        status: aStatus({ clusters: [aCluster({ active_swap: active, healthy: false })] }),
        swaps: { swp_01: aSwap({ phase: phase as 'loading' }) },
      })[0]?.mark;
    expect(markIn('stopping', 'swp_01')).to.include({ tone: 'busy', word: 'stopping' });
    expect(markIn('loading', 'swp_01')).to.include({ tone: 'none', word: 'not loaded' });
    expect(markIn('loading', null)).to.include({ tone: 'bad', word: 'not answering' });
  });

  it('filters by every word, in any part of the entry', () => {
    expect(rowsFor({ modelFilter: 'some-lab GEMMA' }).map(({ key }) => key)).to.deep.equal(['gemma-27b']);
    expect(rowsFor({ modelFilter: 'gemma absent' })).to.deep.equal([]);
  });

  it('names the telling flags first and counts the rest', () => {
    const flags = { seed: 1, 'enable-prefix-caching': true, 'max-model-len': 32_768, 'async-scheduling': false, quantization: 'fp8' };
    expect(flagSummary(flags)).to.deep.equal(['max-model-len 32768', 'quantization fp8', 'no-async-scheduling', '+2']);
    expect(flagSummary({})).to.deep.equal([]);
  });

  it('badges a local path and does not invent a size', () => {
    const value = [
      aModel('tune', { repo: null, local_path: '/models/tune', weights_bytes: null, load_seconds: { p50: null, p90: null, samples: 0 } }),
    ];
    const [row] = rowsFor({ models: { value, loading: false, problem: null } });
    expect(row).to.deep.include({ badge: 'local', size: 'unknown', origin: '/models/tune', load: { time: 'no load yet', samples: '' } });
  });
});

describe('preflightView', () => {
  it('puts faults first and sums up', () => {
    const checks = [
      aCheck(),
      aCheck({ name: 'port', status: 'warn' }),
      aCheck({ name: 'disk', status: 'unknown' }),
      aCheck({ name: 'weights', status: 'fail', hint: 'Download them.' }),
    ];
    const view = preflightView(aPreflight({ ok: false, checks }));
    expect(view.summary).to.equal('1 check fails, 1 could not be answered, 1 warning');
    expect(view.checks.map(({ mark }) => mark.shape)).to.deep.equal(['✕', '?', '▲']);
    expect(view.passed.map(({ name }) => name)).to.deep.equal(['image · spark-1']);
    expect(view.checks[0]).to.deep.include({ name: 'weights · spark-1', hint: 'Download them.' });
  });

  it('is not green while something could not be asked', () => {
    expect(preflightView(aPreflight({ checks: [aCheck({ status: 'unknown' })] })).mark.tone).to.equal('unknown');
  });

  it('says memory and time with their basis', () => {
    const view = preflightView(aPreflight());
    expect(view.memory).to.equal('needs 70 GiB (estimated), 117 GiB available');
    expect(view.estimate).to.equal('3:40 usually, 4:20 at worst (7 loads)');
    const blank = preflightView(
      aPreflight({
        memory: someMemory({ available_bytes: 5 * GIB }),
        estimate: { p50_seconds: null, p90_seconds: null, samples: 0 },
      }),
    );
    const unasked = aPreflight({ memory: someMemory() });
    expect(preflightView(unasked).memory).to.equal('unknown: the hosts could not be asked');
    expect([blank.memory, blank.estimate]).to.deep.equal(['need unknown, 5.0 GiB available', 'unknown: it was never loaded here']);
  });

  it('says of a lock what to tick, and nothing when it is ours', () => {
    const checks = [aCheck({ name: 'lock', status: 'warn', hint: 'on_busy: "queue"' })];
    expect(preflightView(aPreflight({ checks })).checks[0]?.hint).to.equal('Tick "Queue it behind the lock", or wait until it is over.');
    expect(preflightView(aPreflight({ checks }), true)).to.deep.include({ summary: 'All 1 checks pass', checks: [] });
  });

  it('asks for an explicit yes when something unmanaged is in the way', () => {
    expect(preflightView(aPreflight({ checks: [aCheck({ name: 'unmanaged', status: 'fail' })] })).needsReplace).to.equal(true);
    expect(preflightView(aPreflight()).needsReplace).to.equal(false);
    const [found] = preflightView(
      aPreflight({ checks: [aCheck({ name: 'unmanaged', status: 'fail', hint: 'replace_unmanaged: true' })] }),
    ).checks;
    expect(found?.hint).to.equal('Tick "Replace what is not ours", or stop it yourself.');
  });
});

describe('notices', () => {
  const textOf = (state: AppState) => notices(state).map(({ mark, text }) => `${mark.shape} ${text}`);

  it('are none when all is well', () => expect(notices(aState())).to.deep.equal([]));

  it('tell of a cluster that a failed swap left empty, until something is loaded or tried', () => {
    const cause = { code: 'MODEL_CRASHED', message: 'It ran out of memory.', hint: null, log_tail: [] };
    const after = (change: Parameters<typeof aCluster>[0], outcome: 'failed' | 'ready' = 'failed') =>
      notices(
        aState({ status: aStatus({ clusters: [aCluster(change)] }), swaps: { swp_01: aSettledSwap(outcome, { serving: null, cause }) } }),
      );
    const [notice] = after({ serving: null });
    expect(notice).to.deep.include({ text: 'gemma-27b failed. Nothing is loaded now.', hint: 'It ran out of memory.' });
    expect(after({ serving: 'qwen3-32b' })).to.deep.equal([]);
    expect(after({ serving: null, active_swap: 'swp_02' })).to.deep.equal([]);
    expect(after({ serving: null }, 'ready')).to.deep.equal([]);
  });

  it('tell drift, what is not ours, hosts that cannot be asked and a broken catalog, naming the cluster when there are several', () => {
    const clusters = [
      aCluster({ drift: 'The container was stopped by somebody else.', unreachable: [{ host: 'spark-2', reason: 'no route' }] }),
      aCluster({ key: 'solo', name: 'Solo', serving: 'unmanaged', container: 'vllm-gemma4' }),
    ];
    expect(
      textOf(aState({ status: aStatus({ clusters, catalog: { revision: 3, fault: 'models.yaml:7: nodes must be a number' } }) })),
    ).to.deep.equal([
      '▲ models.yaml:7: nodes must be a number',
      '? Spark pair: spark-2 cannot be asked: no route',
      '▲ Spark pair: The container was stopped by somebody else.',
      '▲ Solo: vllm-gemma4 was not started by Spark Control.',
    ]);
  });
});

describe('connectionView', () => {
  const view = (state: AppState['connection']['state'], lastEventAt: number | null) =>
    connectionView(aState({ connection: { state, lastEventAt } }));

  it('is live only while the stream is', () => {
    expect(view('live', NOON)).to.deep.include({ text: 'live', isStale: false });
    expect(view('connecting', null)).to.deep.include({ text: 'connecting', isStale: false });
  });

  it('tells the age of what is shown and greys it after a moment', () => {
    expect(view('reconnecting', NOON - 14_000)).to.deep.include({ text: 'reconnecting, last update 14 s ago', isStale: true });
    expect(view('reconnecting', NOON - 1_000).isStale).to.equal(false);
    expect(view('paused', NOON - 90_000).text).to.equal('paused, last update 1 min ago');
  });
});

describe('the swap screen and the palette', () => {
  it('offers to run a failed swap again, and to go back after a good one', () => {
    const failed = aSettledSwap('failed', { serving: 'qwen3-32b' });
    const done = aSettledSwap('ready', { id: 'swp_02' });
    const status = aStatus({ clusters: [aCluster({ serving: 'gemma-27b' })] });
    expect(swapScreenView(aState({ swaps: { swp_01: failed } }), 'swp_01')).to.deep.include({
      again: { cluster: 'default', model: 'gemma-27b' },
      back: null,
    });
    expect(swapScreenView(aState({ status, swaps: { swp_02: done } }), 'swp_02')).to.deep.include({
      again: null,
      back: { cluster: 'default', model: 'qwen3-32b' },
    });
  });

  it('does not offer what serves already or is not in the catalog', () => {
    expect(swapScreenView(aState({ swaps: { swp_01: aSettledSwap('ready') } }), 'swp_01').back).to.equal(null);
    expect(swapScreenView(aState({ swaps: { swp_01: aSettledSwap('failed', { model: 'gone' }) } }), 'swp_01').again).to.equal(null);
  });

  it('lists what can be done by typing', () => {
    const labels = (change: Partial<AppState> = {}) => commands(aState(change)).map(({ label }) => label);
    const screens = ['Overview', 'Models', 'Hosts', 'Services', 'Calendar', 'History'];
    const more = ['Automations', 'Webhooks', 'Operations', 'Audit', 'Settings'];
    const rest = ['New automation…', 'New webhook…', 'Help and appearance'];
    expect(labels()).to.deep.equal([...screens, ...more, 'Swap to gemma-27b…', 'Unload qwen3-32b…', ...rest]);
    const status = aStatus({ clusters: [aCluster({ active_swap: 'swp_01', serving: null }), aCluster({ key: 'solo', name: 'Solo' })] });
    expect(labels({ status, swaps: { swp_01: aSwap() } })).to.include.members([
      'Cancel qwen3-32b → gemma-27b…',
      'Look at Solo',
      'Swap to qwen3-32b…',
    ]);
  });
});
