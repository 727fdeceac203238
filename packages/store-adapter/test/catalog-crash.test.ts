import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modelKey } from '@spark-control/core';
import { openStore, YamlCatalogSource } from '@spark-control/store-adapter';
import { expect } from 'chai';
import { parse } from 'yaml';
import { SMALL } from './support/folders.ts';
import { randomOf } from './support/random.ts';

const WRITER = fileURLToPath(new URL('./support/catalog-writer.ts', import.meta.url));
const EDITS = process.env['SPARK_PROVE'] === '1' ? 10_000 : 60;
const EDITS_A_LIFE = process.env['SPARK_PROVE'] === '1' ? 120 : 30;
const SEED = Number(process.env['SPARK_SEED'] ?? Date.now() % 1_000_000);

type Entries = Record<string, { description?: string; flags?: Record<string, number> } | null>;
type Ack = Readonly<{ key: string; state: string; revision: number }>;

describe('a catalog that a process edits, people edit by hand, and kills interrupt', () => {
  const random = randomOf(SEED);
  let root = '';
  let hands = 0;
  let tries = 0;
  const acks: Ack[] = [];
  /** What the file has to say of each key of the process, as JSON. */
  const known = new Map<string, string>();
  const comments: string[] = [];
  const byHand = new Map<string, string>();

  const overrides = (): string => join(root, 'data/models-overrides.yaml');
  const textNow = (): string => (existsSync(overrides()) ? readFileSync(overrides(), 'utf8') : '');
  const entriesNow = (): Entries => ((parse(textNow()) as { models?: Entries } | null)?.models ?? {}) as Entries;
  const stateIn = (entries: Entries, key: string): string => {
    const entry = entries[key];
    return JSON.stringify(entry == null ? null : [entry.description ?? null, entry.flags?.['max-num-seqs'] ?? null]);
  };

  before(() => {
    root = mkdtempSync(join(tmpdir(), 'spark-edits-'));
    mkdirSync(join(root, 'data'));
    mkdirSync(join(root, 'config'));
    writeFileSync(join(root, 'config/models.yaml'), 'models:\n  base: { repo: acme/base }\n');
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  /** An edit with a text editor: a new or changed entry, and a comment at a place of its own. */
  const editByHand = (inPlace: boolean): void => {
    hands += 1;
    const text = textNow();
    const key = `x${random(4)}`;
    // Not more than somebody would read: every edit parses the whole file.
    const comment = comments.length < 200 ? `# by hand ${hands}.` : null;
    const line = `  ${key}: { repo: acme/${key}, description: hand-${hands} } # last ${key}`;
    const lines = (text === '' ? 'models:\n' : text.replace('models: {}', 'models:'))
      .split('\n')
      .filter((other) => !other.startsWith(`  ${key}:`));
    const head = lines.indexOf('models:');
    const places = lines.flatMap((other, at) => (at > head && /^ {2}\w+:/.test(other) ? [at] : []));
    const at = places[random(Math.max(1, places.length))] ?? head + 1;
    lines.splice(at, 0, ...(comment === null ? [] : [`  ${comment}`]), line);
    if (comment !== null && random(3) === 0) lines.unshift(`# at the top ${hands}.`);
    writeBy(inPlace, lines.join('\n'));
    if (comment !== null) comments.push(comment);
    byHand.set(key, `hand-${hands}`);
  };
  const writeBy = (inPlace: boolean, text: string): void => {
    const written = inPlace ? overrides() : `${overrides()}~`;
    writeFileSync(written, text);
    if (!inPlace) renameSync(written, overrides());
  };

  /** While the process stands still, in the middle of whatever it did. */
  const whileStopped = (child: ChildProcess, action: () => void): void => {
    const { pid } = child;
    if (pid === undefined || !child.kill('SIGSTOP')) return;
    for (let state = ''; !/[TZX]/.test(state); )
      state = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .slice(0, 1);
    action();
    child.kill('SIGCONT');
  };

  /** Lets a process edit until it has had enough, then kills it wherever it is. Returns what it was in the middle of. */
  const live = async (): Promise<string | null> => {
    tries += 1_000;
    const from = tries;
    const words = ['--conditions=source', '--import', 'tsx', WRITER, root, String(SEED + from), String(from)];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let rest = '';
    let begun: string | null = null;
    let edits = 0;
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const [word = '', key = '', state = '', revision = ''] = line.split(' ');
        if (word === 'BEGIN') begun = `${key} ${state}`;
        else {
          begun = null;
          edits += 1;
          acks.push({ key, state, revision: Number(revision) });
          known.set(key, state);
        }
      }
      if (edits >= EDITS_A_LIFE) setTimeout(() => child.kill('SIGKILL'), random(12));
    });
    let seen = 0;
    // One edit by hand for each of the process at most: hands that never rest would keep it from ever getting through.
    const timer = setInterval(() => {
      if (edits === seen || random(6) !== 0 || child.exitCode !== null) return;
      seen = edits;
      whileStopped(child, () => editByHand(true));
    }, 3);
    await new Promise((resolve) => child.on('close', resolve));
    clearInterval(timer);
    expect(child.signalCode, `seed ${SEED}: the writer ended by itself`).to.equal('SIGKILL');
    return begun;
  };

  const checkFile = (begun: string | null): void => {
    const why = `seed ${SEED}, after ${acks.length} edits`;
    const text = textNow();
    const entries = entriesNow();
    for (const [key, state] of known) {
      const inFlight = begun?.startsWith(`${key} `) ? begun.slice(key.length + 1) : null;
      const found = stateIn(entries, key);
      expect([state, inFlight], `${why}: ${key}`).to.include(found);
      known.set(key, found);
    }
    if (begun !== null) known.set(begun.split(' ')[0] ?? '', stateIn(entries, begun.split(' ')[0] ?? ''));
    for (const comment of comments) expect(text.includes(comment), `${why}: ${comment}\n${text}`).to.equal(true);
    for (const [key, description] of byHand) expect(entries[key], `${why}: ${key}`).to.include({ description });
  };

  it(`loses none of ${EDITS} edits, keeps every comment, and counts upwards`, async () => {
    let last = 0;
    while (acks.length < EDITS) {
      const first = acks.length;
      const begun = await live();
      checkFile(begun);
      if (random(2) === 0) editByHand(random(2) === 0);
      const store = await openStore({ folder: join(root, 'data'), ...SMALL });
      const files = { models: join(root, 'config/models.yaml'), overrides: overrides() };
      const catalog = new YamlCatalogSource({ files, pollMs: 0 });
      await catalog.attach(store.catalogHistory);
      const fresh = acks.slice(first);
      for (const { revision } of fresh) {
        expect(revision, `seed ${SEED}`).to.be.greaterThan(last);
        last = revision;
      }
      for (const key of new Set(fresh.map((ack) => ack.key))) {
        const rows = await store.catalogHistory.history(modelKey(key), 500);
        const written = rows.filter(({ actor }) => actor === 'writer').map(({ revision }) => revision);
        const wanted = fresh.filter((ack) => ack.key === key).map(({ revision }) => revision);
        expect(written, `seed ${SEED}, ${key}`).to.include.members(wanted);
      }
      const { revision, models } = catalog.current();
      expect(revision).to.be.at.least(last);
      last = revision;
      const recorded = await store.catalogHistory.last();
      expect(recorded.revision).to.equal(revision);
      expect([...recorded.models.keys()].sort()).to.deep.equal(models.map(({ key }) => String(key)).sort());
      catalog.dispose();
      await store.close();
    }
    if (process.env['SPARK_PROVE'] === '1')
      console.log(`      ${acks.length} edits acknowledged, ${hands} by hand, revision ${last}: none lost`);
  }).timeout(60_000 + EDITS * 300);
});
