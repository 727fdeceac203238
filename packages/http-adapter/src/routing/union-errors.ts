import type { ErrorObject } from 'ajv/dist/2020.js';

/**
 * Of a failed `anyOf` the errors that help: those of the branch that was meant, where branches are told apart by a constant
 * field; else the union's own, which says in one line what its branches say in many.
 */
export function tellingErrors(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf');
  return unions.reduce<readonly ErrorObject[]>((telling, union) => {
    const prefix = `${union.schemaPath}/`;
    const inside = telling.filter(({ schemaPath }) => schemaPath.startsWith(prefix));
    const better = meant(inside, prefix) ?? [union];
    return [...telling.filter((error) => error !== union && !inside.includes(error)), ...better];
  }, errors);
}

function meant(inside: readonly ErrorObject[], prefix: string): readonly ErrorObject[] | null {
  const branchOf = ({ schemaPath }: ErrorObject): string => schemaPath.slice(prefix.length).split('/')[0] ?? '';
  const marks = inside.filter(({ keyword }) => keyword === 'const');
  const [mark] = marks;
  const branches = [...new Set(inside.map(branchOf))];
  const fitting = branches.filter((branch) => !marks.some((other) => branchOf(other) === branch));
  if (mark === undefined) {
    // None of them has the field that tells them apart: the one error that all of them share.
    const missing = inside.filter(({ keyword, params }) => keyword === 'required' && params['missingProperty'] === 'type');
    return missing.length === branches.length ? missing.slice(0, 1) : null;
  }
  if (fitting.length === 1) return inside.filter((error) => branchOf(error) === fitting[0]);
  if (fitting.length > 1) return null;
  return [{ ...mark, keyword: 'enum', params: { allowedValues: marks.map(({ params }) => params['allowedValue'] as unknown) } }];
}
