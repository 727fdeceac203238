import type { Issue } from '../errors.ts';
import { isKey } from '../ids.ts';
import { checkEdit } from './check-edit.ts';
import { CommandDraft, type DroppedWords } from './command-draft.ts';
import { type CommandText, type Statement, splitCommand, type Word } from './command-words.ts';
import { type DockerRun, type Mount, readDockerWords } from './docker-words.ts';
import { flagDanger } from './flags.ts';
import type { RawEntry } from './merge-entry.ts';
import type { FlagValue } from './model.ts';
import { readServeWords, type Served } from './serve-words.ts';

/** What a pasted command comes to: a new entry, what of the command did not go into it, and what still keeps the entry from being valid. */
export type ParsedCommand = Readonly<{
  form: 'docker_run' | 'vllm_serve';
  key: string;
  /** As models.yaml has it. */
  entry: RawEntry;
  dropped: readonly DroppedWords[];
  warnings: readonly string[];
  issues: readonly Issue[];
}>;

const MOST_NODES = 64;
const NOT_UNDERSTOOD = 'This is neither a `docker run ... IMAGE ...` nor a `vllm serve ...` command.';

/**
 * Reads a pasted `docker run` or `vllm serve` command. It runs and expands nothing, and tells no secret of it: a variable
 * that is one comes back as `{ from_env: NAME }`. `problem` is a sentence for who pasted something else.
 */
export function parseCommand(text: string): ParsedCommand | Readonly<{ problem: string }> {
  const draft = new CommandDraft();
  const found = findCommand(splitCommand(withoutFences(text)), draft, 0);
  if ('problem' in found) return { problem: draft.clear(found.problem) };
  const { served, run } = found;
  placeModel(served, run?.mounts ?? null, draft);
  if (run !== null) draft.fields['image'] = run.image;
  placeNodes(served, draft);
  const { key, names } = nameModel(draft);
  if (names.length > 0) draft.flags['served-model-name'] = names;
  for (const [flag, value] of Object.entries(draft.flags)) {
    const danger = flagDanger(flag, value as FlagValue);
    if (danger !== null) draft.warn(`--${flag}: ${danger}`);
  }
  const entry = entryOf(draft);
  const checked = checkEdit({ [key]: entry }, key);
  const issues = 'issues' in checked ? checked.issues.map((issue) => ({ ...issue, message: draft.clear(issue.message) })) : [];
  return { form: run === null ? 'vllm_serve' : 'docker_run', key, entry, dropped: draft.dropped, warnings: draft.warnings, issues };
}

type Found = Readonly<{ served: Served; run: DockerRun | null }> | Readonly<{ problem: string }>;

/** Lines of Markdown around a command are no command substitution. */
const withoutFences = (text: string): string => text.replace(/^[ \t]*```.*$/gm, '');

function findCommand(text: CommandText, draft: CommandDraft, depth: number): Found {
  if ('problem' in text) return text;
  let found: Found | null = null;
  for (const statement of text.statements) {
    const words = withoutPrefixes(statement.words, draft);
    if (words.length === 0) continue;
    const command: Found | null = found === null && !statement.isPiped ? commandOf(words, draft, depth) : null;
    if (command === null) draft.drop(textOf(words), 'It is not what starts the model.');
    else found = command;
    if (command !== null && 'problem' in command) return command;
    dropRedirections(statement, draft);
  }
  return found ?? { problem: NOT_UNDERSTOOD };
}

const textOf = (words: readonly Word[]): string => words.map(({ text }) => text).join(' ');

function dropRedirections({ redirections }: Statement, draft: CommandDraft): void {
  for (const redirection of redirections) draft.drop(redirection, 'Spark Control reads the log of the container.');
}

const WRAPPERS = ['$', 'exec', 'nohup', 'time', 'command', 'setsid', 'export', 'sudo', 'env', 'nice', 'declare'];
/** Options of the wrappers that have a value behind them. */
const WITH_VALUE = ['-u', '--user', '-g', '--group', '-n', '--unset', '-C', '--chdir'];

/** Takes what stands before a command off: assignments, which count, and `sudo` and the like, which do not. */
function withoutPrefixes(words: readonly Word[], draft: CommandDraft): readonly Word[] {
  let at = 0;
  let isWrapped = false;
  for (; at < words.length; at += 1) {
    const word = words[at];
    if (word === undefined) break;
    if (/^[A-Za-z_]\w*=/.test(word.text)) draft.addVariable(word);
    else if (WRAPPERS.includes(word.text)) isWrapped = true;
    else if (isWrapped && word.text.startsWith('-')) at += WITH_VALUE.includes(word.text) ? 1 : 0;
    else break;
  }
  return words.slice(at);
}

const baseName = (text: string): string => text.slice(text.lastIndexOf('/') + 1);

function commandOf(words: readonly Word[], draft: CommandDraft, depth: number): Found | null {
  const program = baseName(words[0]?.text ?? '');
  if (/^(?:docker|podman|nerdctl)$/.test(program)) {
    const at = words.findIndex(({ text }, index) => index > 0 && (text === 'run' || text === 'create'));
    const before = words.slice(1, at).filter(({ text }) => text !== 'container');
    if (
      at > 0 &&
      before.every(({ text }) => text.startsWith('-') || /^[\w./:-]+$/.test(text)) &&
      !before.some(({ text }) => text === 'exec')
    )
      return dockerRun(readDockerWords(words.slice(at + 1), draft), draft, depth);
  }
  return serveCommand(words, draft, depth);
}

function dockerRun(run: DockerRun, draft: CommandDraft, depth: number): Found {
  if (run.image === null) return { problem: 'The docker command ends before its image.' };
  const program = run.entrypoint === null || run.entrypoint === '' ? [] : [{ text: run.entrypoint, expansions: [] }];
  const words = [...program, ...run.words];
  const inner = serveCommand(words, draft, depth);
  if (inner !== null) return 'problem' in inner ? inner : { ...inner, run };
  // The images of vLLM start their server by themselves: what stands behind the image are its words.
  const first = words[0]?.text ?? '';
  const isServerWord = program.length === 0 && (first === '' || first.startsWith('-') || first.includes('/'));
  if (!isServerWord) return { problem: `${NOT_UNDERSTOOD} The container would run something else.` };
  return { served: readServeWords(words, draft), run };
}

/** `vllm serve`, its server module, or a shell that runs one of them. `null`: none of these. */
function serveCommand(words: readonly Word[], draft: CommandDraft, depth: number): Found | null {
  const shell = words.findIndex(({ text }) => /^(?:ba|da|z)?sh$/.test(baseName(text)));
  const rest = shell === -1 ? [] : words.slice(shell + 1);
  const script = rest[rest.findIndex(({ text }) => /^-\w*c$/.test(text)) + 1];
  if (shell !== -1 && script !== rest[0] && script !== undefined && depth < 2)
    return findCommand(splitCommand(script.text), draft, depth + 1);
  const serve = words.findIndex(({ text }, index) => baseName(text) === 'vllm' && words[index + 1]?.text === 'serve');
  const module = words.findIndex(({ text }, index) => text === '-m' && /^vllm\.entrypoints\./.test(words[index + 1]?.text ?? ''));
  const at = serve === -1 ? module : serve;
  if (at === -1) return null;
  const before = words.slice(0, at).filter(({ text }) => !/^python[\d.]*$/.test(baseName(text)));
  if (before.length > 0) draft.drop(textOf(before), 'The launcher of the cluster starts the model.');
  const after = words.slice(at + 2);
  return { served: readServeWords(after[0]?.text === 'serve' && serve === -1 ? after.slice(1) : after, draft), run: null };
}

function placeNodes({ nodes }: Served, draft: CommandDraft): void {
  if (nodes === null || nodes <= 1) return;
  if (nodes <= MOST_NODES) draft.fields['nodes'] = nodes;
  else draft.warn(`A model spans at most ${MOST_NODES} hosts, and this command asks for ${nodes}.`);
}

/** Makes the model word into a source: a repository, a snapshot in the hub's cache, or a folder of the host. */
function placeModel({ model }: Served, mounts: readonly Mount[] | null, draft: CommandDraft): void {
  if (model === null) return;
  const cached = /\/models--([^/]+?)--([^/]+)(?:\/snapshots\/([0-9a-f]{7,64}))?\/?$/.exec(model);
  if (cached !== null) {
    draft.fields['repo'] = `${cached[1]}/${cached[2]}`;
    if (cached[3] !== undefined) draft.fields['revision'] = cached[3];
    return;
  }
  const repo = model.replace(/^https?:\/\/(?:www\.)?huggingface\.co\//, '').replace(/(?<=[^/])\/$/, '');
  if (!/^[/.~$]/.test(repo)) {
    draft.fields['repo'] = repo;
    return;
  }
  const mount = mounts?.find(({ container }) => model === container || model.startsWith(`${container}/`));
  const path = (mount === undefined ? model : mount.host + model.slice(mount.container.length)).replace(/(?<=.)\/+$/, '');
  draft.fields['local_path'] = path;
  if (path !== model) draft.warn(`${model} of the container is ${path} on the host, and that is where it will be in the container too.`);
  else if (mounts !== null && mount === undefined)
    draft.warn(`${path} is a folder of the container, and the command mounts none there: name the folder of the host.`);
  if (!path.startsWith('/')) draft.warn(`${path} has to be written out, from the root of the host on.`);
}

/** The key, and further names. A name that is no key stays the name that clients send. */
function nameModel(draft: CommandDraft): Readonly<{ key: string; names: readonly string[] }> {
  const given = draft.flags['served-model-name'];
  delete draft.flags['served-model-name'];
  const [served, ...names] = Array.isArray(given) ? given.map(String) : [];
  const source = String(draft.fields['repo'] ?? draft.fields['local_path'] ?? '');
  const key = keyOf(served ?? baseName(source));
  if (served !== undefined && served !== key) draft.fields['served_model_name'] = served;
  if (served === undefined && source !== '')
    draft.warn(`Clients of this command ask for ${source}; set served_model_name to keep that, or they ask for ${key}.`);
  return { key, names };
}

function keyOf(name: string): string {
  const key = name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 64)
    .replace(/[._-]+$/, '');
  return isKey(key) ? key : 'model';
}

function entryOf({ fields, flags, env, extraArgs }: CommandDraft): RawEntry {
  return {
    ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)),
    ...(Object.keys(flags).length > 0 && { flags }),
    ...(extraArgs.length > 0 && { extra_args: extraArgs }),
    ...(Object.keys(env).length > 0 && { env }),
  };
}
