import type { CommandDraft } from './command-draft.ts';
import type { Word } from './command-words.ts';

/** A folder of the host inside the container. */
export type Mount = Readonly<{ host: string; container: string }>;

export type DockerRun = Readonly<{
  /** `null`: the command ends before its image. */
  image: string | null;
  entrypoint: string | null;
  mounts: readonly Mount[];
  /** Words behind the image. */
  words: readonly Word[];
}>;

const BARE_LONG = [
  ...['detach', 'disable-content-trust', 'help', 'init', 'interactive', 'no-healthcheck', 'oom-kill-disable', 'privileged'],
  ...['publish-all', 'quiet', 'read-only', 'rm', 'sig-proxy', 'tls', 'tlsverify', 'tty', 'use-api-socket'],
];
const BARE_SHORT = 'ditqPD';
const SHORT: Readonly<Record<string, string>> = {
  ...{ d: 'detach', i: 'interactive', t: 'tty', q: 'quiet', P: 'publish-all', D: 'debug' },
  ...{ e: 'env', v: 'volume', p: 'publish', u: 'user', w: 'workdir', m: 'memory', h: 'hostname', l: 'label', a: 'attach', c: 'cpu-shares' },
};

const BY_LAUNCHER = 'The launcher decides how the container runs.';
const DETACHED = 'Spark Control starts the container in the background by itself.';
const REASONS: Readonly<Record<string, string>> = {
  detach: DETACHED,
  interactive: DETACHED,
  tty: DETACHED,
  rm: 'It would delete the log of a model that died.',
  restart: 'A crashing model that is started over and over leaks driver memory; Spark Control watches it instead.',
  name: "The cluster's configuration names the container.",
  publish: "The cluster's configuration says on which port the model server listens.",
  'publish-all': "The cluster's configuration says on which port the model server listens.",
  gpus: 'Every model gets the whole GPU.',
  runtime: 'Every model gets the whole GPU.',
  'env-file': 'It lies on another machine: name its variables one by one.',
};

/** Reads the words after `docker run` into a draft, up to the image. */
export function readDockerWords(words: readonly Word[], draft: CommandDraft): DockerRun {
  const mounts: Mount[] = [];
  let entrypoint: string | null = null;
  let at = 0;
  for (; at < words.length; at += 1) {
    const word = words[at];
    if (word === undefined || !/^-./.test(word.text)) break;
    if (word.text === '--') {
      at += 1;
      break;
    }
    const option = optionOf(word.text);
    const value = option.value ?? (option.isBare ? null : (words[at + 1]?.text ?? ''));
    const valueWord: Word = option.value === null && !option.isBare ? (words[at + 1] ?? word) : { ...word, text: value ?? '' };
    if (option.value === null && !option.isBare) at += 1;
    if (option.name === 'env') draft.addVariable(valueWord);
    else if (option.name === 'entrypoint') entrypoint = value;
    else if (option.name === 'volume' || option.name === 'mount') mounts.push(...mountOf(option.name, valueWord, draft));
    else
      for (const name of option.names) draft.drop(value === null ? word.text : `${option.written} ${value}`, REASONS[name] ?? BY_LAUNCHER);
  }
  const image = words[at] ?? null;
  if (image !== null) draft.noteExpansions(image);
  return { image: image?.text ?? null, entrypoint, mounts, words: words.slice(at + 1) };
}

/** `names`: one for each reason to leave it out. `value`: what is joined to it. */
type Option = Readonly<{ name: string; names: readonly string[]; written: string; value: string | null; isBare: boolean }>;

function optionOf(text: string): Option {
  if (text.startsWith('--')) {
    const at = text.indexOf('=');
    const written = at === -1 ? text : text.slice(0, at);
    const [full, value] = [written.slice(2), at === -1 ? null : text.slice(at + 1)];
    const name = full === 'net' ? 'network' : full;
    return { name, names: [name], written, value, isBare: BARE_LONG.includes(name) };
  }
  const letters = text.slice(1);
  const first = letters.search(new RegExp(`[^${BARE_SHORT}]`));
  if (first === -1) return { name: '', names: [SHORT[letters[0] ?? ''] ?? ''], written: text, value: null, isBare: true };
  const letter = letters[first] ?? '';
  const joined = letters.slice(first + 1).replace(/^=/, '');
  const name = SHORT[letter] ?? letter;
  return { name, names: [name], written: `-${letter}`, value: joined === '' ? null : joined, isBare: false };
}

/** Where the hub's cache lies in the images that people use; the cluster's own cache is mounted there. */
const isCache = (folder: string): boolean =>
  /\/\.cache\/huggingface(?:\/|$)/.test(folder) || /^\/(?:hf|huggingface)(?:[_-]?cache)?(?:\/|$)/.test(folder);

function mountOf(option: string, word: Word, draft: CommandDraft): readonly Mount[] {
  const [host = '', container = ''] = option === 'volume' ? word.text.split(':') : partsOfMount(word.text);
  const what = option === 'volume' ? `-v ${word.text}` : `--mount ${word.text}`;
  if (isCache(container) || isCache(host)) draft.drop(what, "The cluster's hf_cache is mounted by itself.");
  else draft.drop(what, 'Only the cache of the hub and the folder of `local_path` are mounted, at the same path as on the host.');
  return container.startsWith('/') ? [{ host: host.replace(/\/+$/, ''), container: container.replace(/\/+$/, '') }] : [];
}

function partsOfMount(text: string): readonly string[] {
  const parts = new Map(text.split(',').map((part): [string, string] => [part.split('=', 1)[0] ?? '', part.slice(part.indexOf('=') + 1)]));
  return [parts.get('source') ?? parts.get('src') ?? '', parts.get('target') ?? parts.get('destination') ?? parts.get('dst') ?? ''];
}
