import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type OpenclawCall = Readonly<{ method: string; params: { raw?: string; baseHash?: string }; argv: string[]; env: string[] }>;

/** As much of a real one as the receiver touches: a file with a hash, and merge patches that name the hash they are based on. */
const PROGRAM = `#!${process.execPath}
const { createHash } = require('node:crypto');
const { appendFileSync, existsSync, readFileSync, unlinkSync, writeFileSync } = require('node:fs');
const file = (name) => __dirname + '/' + name;
const [, , ...argv] = process.argv;
const [gateway, call, method, flag, text, json] = argv;
if (gateway !== 'gateway' || call !== 'call' || flag !== '--params' || json !== '--json') throw new Error('usage');
const params = JSON.parse(text);
appendFileSync(file('calls'), JSON.stringify({ method, params, argv, env: Object.keys(process.env) }) + '\\n');
const fail = (text) => { console.error(text); process.exit(1); };
if (existsSync(file('down'))) fail('gateway closed (1006)');
const read = () => JSON.parse(readFileSync(file('config.json'), 'utf8'));
const write = (config) => writeFileSync(file('config.json'), JSON.stringify(config));
const hashOf = (config) => createHash('sha256').update(JSON.stringify(config)).digest('hex');
const merge = (target, patch) => {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
};
if (method === 'config.get') {
  const config = read();
  console.log('a line of advertising');
  console.log(JSON.stringify({ valid: true, config: { ...config, defaulted: true }, parsed: config, hash: hashOf(config) }));
} else if (method === 'config.patch') {
  if (existsSync(file('conflicts'))) {
    const left = Number(readFileSync(file('conflicts'), 'utf8'));
    write({ ...read(), meta: { edits: left } });
    if (left > 1) writeFileSync(file('conflicts'), String(left - 1));
    else unlinkSync(file('conflicts'));
  }
  if (params.baseHash !== hashOf(read())) fail('config changed since last load; re-run config.get and retry');
  write(merge(read(), JSON.parse(params.raw)));
  console.log(JSON.stringify({ ok: true }));
} else fail('unknown method');
`;

/** As much of OpenClaw's configuration as the tests look into. */
export type OpenclawConfig = Readonly<{
  models: Readonly<{ providers: Readonly<Record<'spark' | 'cloud', Readonly<Record<string, unknown>>>> }>;
  agents: Readonly<{ defaults: Readonly<{ model: Readonly<{ primary: string }> }> }>;
  meta?: unknown;
}>;

export class FakeOpenclaw {
  readonly bin: string;
  readonly #folder: string;

  constructor(folder: string, config: object) {
    this.#folder = join(folder, 'openclaw');
    mkdirSync(this.#folder);
    // CommonJS whatever folder it lies in.
    this.bin = this.#file('openclaw.cjs');
    writeFileSync(this.bin, PROGRAM);
    chmodSync(this.bin, 0o755);
    writeFileSync(this.#file('config.json'), JSON.stringify(config));
  }

  get calls(): OpenclawCall[] {
    if (!existsSync(this.#file('calls'))) return [];
    const lines = readFileSync(this.#file('calls'), 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line) as OpenclawCall);
  }

  get methods(): string[] {
    return this.calls.map(({ method }) => method);
  }

  get config(): OpenclawConfig {
    return JSON.parse(readFileSync(this.#file('config.json'), 'utf8')) as OpenclawConfig;
  }

  /** The next `count` patches meet a file that somebody has just changed. */
  conflicts(count: number): void {
    writeFileSync(this.#file('conflicts'), String(count));
  }

  /** The Gateway does not run. */
  isDown(): void {
    writeFileSync(this.#file('down'), '');
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }
}
