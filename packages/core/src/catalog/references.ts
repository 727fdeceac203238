import type { Model } from './model.ts';

/** A repository as a word of its own: `org/name` is not meant by `org/name-awq` nor by `my-org/name`. */
const wordOf = (repo: string): RegExp => new RegExp(`(?<![A-Za-z0-9._/-])${repo.replaceAll('.', '\\.')}(?![A-Za-z0-9._/-])`);

/** Its folder in the hub's cache, as a path names it that leads there. */
const folderOf = (repo: string): RegExp =>
  new RegExp(`(?<![A-Za-z0-9._-])models--${repo.replaceAll('/', '--').replaceAll('.', '\\.')}(?![A-Za-z0-9._-])`);

/** Whether words such as a command line name a repository, or its folder in the cache. */
export function nameRepo(texts: readonly string[], repo: string): boolean {
  const [word, folder] = [wordOf(repo), folderOf(repo)];
  return texts.some((text) => word.test(text) || folder.test(text));
}

/** Whether an entry needs a repository: as its weights, or by a flag (draft model, LoRA and its base, tokenizer, configuration). */
export function needsRepo({ source, flags, extraArgs }: Model, repo: string): boolean {
  if (source.kind === 'repo' && source.repo === repo) return true;
  return nameRepo([...(source.kind === 'local_path' ? [source.path] : []), ...stringsIn([flags, extraArgs])], repo);
}

function stringsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(stringsIn);
}

/** Keys of the other entries that need the repository of `model`. */
export function otherUsers(models: readonly Model[], { key }: Pick<Model, 'key'>, repo: string): readonly string[] {
  return models.filter((other) => other.key !== key && needsRepo(other, repo)).map((other) => other.key);
}
