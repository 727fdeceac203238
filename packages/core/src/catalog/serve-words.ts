import type { CommandDraft } from './command-draft.ts';
import type { Word } from './command-words.ts';
import type { FlagType } from './flag-spec.ts';
import { FLAG_TABLE } from './flag-table.ts';
import { isMap } from './issue-list.ts';
import { flagName, managedFlag } from './managed-flags.ts';
import { isFigure, isSecretFlag, MASK } from './masking.ts';

/** Short forms of flags; the figure of `-O3` may be joined. */
const SHORT: Readonly<Record<string, string>> = {
  '-tp': 'tensor-parallel-size',
  '-pp': 'pipeline-parallel-size',
  '-dp': 'data-parallel-size',
  '-n': 'nnodes',
  '-r': 'node-rank',
  '-q': 'quantization',
  '-O': 'compilation-config',
  '-cc': 'compilation-config',
  '-sc': 'speculative-config',
  '-ep': 'enable-expert-parallel',
};

/** Managed flags without a value behind them. */
const BARE = ['headless', 'grpc', 'data-parallel-hybrid-lb', 'data-parallel-external-lb'];
const SIZES = ['tensor-parallel-size', 'pipeline-parallel-size', 'data-parallel-size'];

/** One flag of the command: `joined` is what stands behind its equals sign. */
type Flag = Readonly<{ word: Word; name: string; joined: string | null }>;

/** The model, and how many hosts the parallel sizes come to (`null`: not said). */
export type Served = Readonly<{ model: string | null; nodes: number | null }>;

/** Reads the words after `vllm serve`, or those of its older server module, into a draft. */
export function readServeWords(words: readonly Word[], draft: CommandDraft): Served {
  const reader = new ServeReader(words, draft);
  return reader.read();
}

class ServeReader {
  readonly #words: readonly Word[];
  readonly #draft: CommandDraft;
  #at = 0;
  #model: string | null = null;
  readonly #sizes = new Map<string, number>();

  constructor(words: readonly Word[], draft: CommandDraft) {
    this.#words = words;
    this.#draft = draft;
  }

  read(): Served {
    for (let word = this.#next(); word !== null; word = this.#next()) {
      const flag = flagOf(word);
      if (flag === null) this.#positional(word);
      else this.#flag(flag);
    }
    const sizes = [...this.#sizes.values()];
    return { model: this.#model, nodes: sizes.length === 0 ? null : sizes.reduce((product, size) => product * size, 1) };
  }

  #next(): Word | null {
    const word = this.#words[this.#at] ?? null;
    this.#at += 1;
    return word;
  }

  #positional(word: Word): void {
    this.#draft.noteExpansions(word);
    if (this.#model === null) this.#model = word.text;
    else this.#draft.drop(word.text, 'A word without a flag before it; the model is named already.');
  }

  #flag(flag: Flag): void {
    const { name } = flag;
    if (managedFlag(name) !== null) this.#managed(flag);
    else if (Object.hasOwn(FLAG_TABLE, name)) this.#known(flag, name);
    else if (isBoolean(name.replace(/^no-/, ''))) this.#set(flag, name.replace(/^no-/, ''), false);
    else this.#unknown(flag);
  }

  #known(flag: Flag, name: string): void {
    const type = FLAG_TABLE[name]?.type;
    if (type === undefined) return;
    if (type.kind === 'boolean') {
      // argparse takes no value here, and people write one all the same.
      const said = flag.joined ?? (/^(?:true|false)$/i.test(this.#words[this.#at]?.text ?? '') ? (this.#next()?.text ?? null) : null);
      this.#set(flag, name, said === null || /^(?:true|1|yes|on)$/i.test(said));
    } else if (type.kind === 'words') this.#set(flag, name, flag.joined === null ? this.#values() : [flag.joined]);
    else {
      const value = this.#value(flag);
      if (value === null) this.#draft.drop(flag.word.text, 'It needs a value and has none.');
      else this.#set(flag, name, flagValue(type, value));
    }
  }

  #set({ word }: Flag, name: string, value: unknown): void {
    this.#draft.noteExpansions(word);
    if (Object.hasOwn(this.#draft.flags, name)) this.#draft.warn(`--${name} is there more than once; the last one counts.`);
    this.#draft.flags[name] = value;
  }

  #managed(flag: Flag): void {
    const { name } = flag;
    const value = BARE.includes(name) ? flag.joined : this.#value(flag);
    if (name === 'model' || name === 'model-tag') this.#model = value ?? this.#model;
    else if (name === 'revision') this.#draft.fields['revision'] = value;
    else if (SIZES.includes(name) && /^[1-9]\d{0,3}$/.test(value ?? '')) this.#size(name, Number(value));
    else this.#dropManaged(name, value);
  }

  #size(name: string, size: number): void {
    this.#sizes.set(name, size);
    const [spread, what] = [name === 'tensor-parallel-size', `--${name} ${size}`];
    this.#draft.drop(what, '`nodes` of the entry says over how many hosts the model is spread.');
    if (!spread && size > 1) this.#draft.warn(`${what}: Spark Control spreads a model by tensor parallelism only.`);
  }

  #dropManaged(name: string, value: string | null): void {
    const isSecret = name === 'hf-token' || name === 'api-key';
    if (isSecret && value !== null) this.#draft.keepSecret(value);
    if (name === 'hf-token') this.#draft.env['HF_TOKEN'] = { from_env: 'HF_TOKEN' };
    this.#draft.drop(`--${name}${value === null ? '' : ` ${isSecret ? MASK : value}`}`, sentence(managedFlag(name) ?? ''));
  }

  /** A flag that this version does not know goes on as it is, with all that stands behind it. */
  #unknown({ word, joined }: Flag): void {
    const values = joined === null ? this.#values() : [];
    const secret = isSecretFlag(word.text) ? ([joined, ...values].find((value) => value !== null && !isFigure(value)) ?? null) : null;
    if (word.text === '--') this.#draft.drop(['--', ...values].join(' '), 'The launcher appends flags of its own.');
    else if (secret !== null) {
      this.#draft.keepSecret(secret);
      const reason = 'A secret on a command line can be read by every user of the host; set a variable with { from_env: NAME } instead.';
      this.#draft.drop(`${word.text.split('=', 1)[0]} ${MASK}`, reason);
    } else {
      this.#draft.noteExpansions(word);
      this.#draft.extraArgs.push(word.text, ...values);
    }
  }

  #value({ joined }: Flag): string | null {
    if (joined !== null) return joined;
    const next = this.#words[this.#at];
    if (next === undefined || (next.text.startsWith('-') && !/^-[\d.]/.test(next.text))) return null;
    this.#draft.noteExpansions(next);
    this.#at += 1;
    return next.text;
  }

  #values(): readonly string[] {
    const values: string[] = [];
    for (let next = this.#words[this.#at]; next !== undefined && !next.text.startsWith('-'); next = this.#words[this.#at]) {
      this.#draft.noteExpansions(next);
      values.push(next.text);
      this.#at += 1;
    }
    return values;
  }
}

const sentence = (half: string): string => `${half.charAt(0).toUpperCase()}${half.slice(1)}.`;

const isBoolean = (name: string): boolean => Object.hasOwn(FLAG_TABLE, name) && FLAG_TABLE[name]?.type.kind === 'boolean';

function flagOf(word: Word): Flag | null {
  const { text } = word;
  if (!text.startsWith('-') || text === '-') return null;
  const level = /^-O=?(.+)$/s.exec(text)?.[1];
  if (level !== undefined && !level.startsWith('.')) return { word, name: 'compilation-config', joined: level };
  const at = text.indexOf('=');
  const [written, joined] = at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
  const short = Object.hasOwn(SHORT, written) ? SHORT[written] : undefined;
  return { word, name: short ?? (written.startsWith('--') ? flagName(written.slice(2)) : written), joined };
}

const FACTORS: Readonly<Record<string, number>> = { k: 1e3, K: 2 ** 10, m: 1e6, M: 2 ** 20, g: 1e9, G: 2 ** 30 };

/** The text of a value as what the entry holds; what does not fit stays text, for the check to say so. */
function flagValue(type: FlagType, text: string): unknown {
  switch (type.kind) {
    case 'integer':
      return wholeNumber(text) ?? text;
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
    case 'length':
      return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
    case 'json':
      return jsonMap(text) ?? text;
    case 'level_or_json':
      return /^\d{1,3}$/.test(text) ? Number(text) : (jsonMap(text) ?? text);
    case 'boolean':
    case 'text':
    case 'choice':
    case 'words':
      return text;
    default:
      return type satisfies never;
  }
}

/** vLLM takes `8k` for many of its whole numbers. */
function wholeNumber(text: string): number | null {
  const [, figure, unit] = /^(-?\d{1,15}(?:\.\d{1,6})?)([kKmMgG]?)$/.exec(text) ?? [];
  if (figure === undefined || unit === undefined || (unit === '' && figure.includes('.'))) return null;
  return Math.floor(Number(figure) * (FACTORS[unit] ?? 1));
}

function jsonMap(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isMap(value) ? value : null;
  } catch {
    return null;
  }
}
