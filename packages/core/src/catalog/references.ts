import type { Model } from './model.ts';

/** A repository as a word of its own: `org/name` is not meant by `org/name-awq` nor by `my-org/name`. */
const wordOf = (repo: string): RegExp => new RegExp(`(?<![A-Za-z0-9._/-])${repo.replaceAll('.', '\\.')}(?![A-Za-z0-9._/-])`);

/** Whether an entry needs a repository: as its weights, or by a flag (draft model, LoRA and its base, tokenizer, configuration). */
export function needsRepo(model: Model, repo: string): boolean {
  if (model.source.kind === 'repo' && model.source.repo === repo) return true;
  const word = wordOf(repo);
  return stringsIn([model.flags, model.extraArgs]).some((text) => word.test(text));
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
