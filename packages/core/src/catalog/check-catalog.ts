import type { Issue } from '../errors.ts';
import { isMap, kindOf, pointerStep } from './issue-list.ts';
import type { Model } from './model.ts';
import { type CheckOptions, checkModel } from './validate.ts';

export type CatalogResult = Readonly<{ models: readonly Model[] }> | Readonly<{ issues: readonly Issue[] }>;

/**
 * Checks a whole map from key to entry: each entry, and what only shows among them. All faults are reported; one of them
 * makes the catalog invalid, so that never half of it is served. `path` in the options is the pointer of the map, default `/models`.
 */
export function checkCatalog(raw: unknown, options: CheckOptions = {}): CatalogResult {
  const path = options.path ?? '/models';
  if (!isMap(raw)) {
    return { issues: [{ path, code: 'wrong_type', message: `models has to be a map from key to entry; it is ${kindOf(raw)}.` }] };
  }
  const models: Model[] = [];
  const issues: Issue[] = [];
  for (const [key, entry] of Object.entries(raw)) {
    const result = checkModel(entry, key, { ...options, path: `${path}/${pointerStep(key)}` });
    if ('model' in result) models.push(result.model);
    else issues.push(...result.issues);
  }
  issues.push(...nameClashes(models, path));
  return issues.length === 0 ? { models } : { issues };
}

/**
 * A name that a client sends has to lead to one model. Further names (the flag `served-model-name`) may be shared on purpose: an
 * alias that stays the same over swaps.
 */
function nameClashes(models: readonly Model[], path: string): readonly Issue[] {
  const owners = new Map<string, string>();
  const issues: Issue[] = [];
  const claim = (name: string, model: Model): void => {
    const owner = owners.get(name);
    if (owner === undefined) owners.set(name, model.key);
    else if (owner !== model.key) {
      const message = `The name ${JSON.stringify(name)} already leads to model ${owner}. For an alias that several models share, use flags: { served-model-name: [...] }.`;
      issues.push({ path: `${path}/${pointerStep(model.key)}/served_model_name`, code: 'duplicate_name', message });
    }
  };
  for (const model of models) owners.set(model.key, model.key);
  for (const model of models) claim(model.servedModelName, model);
  return issues;
}
