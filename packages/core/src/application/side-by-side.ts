/** Does `task` for every item, at most `limit` at a time; the results are in the order of the items. Rejects as the first task that does. */
export async function sideBySide<T, R>(limit: number, items: readonly T[], task: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results = new Map<number, R>();
  const rest = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of rest) results.set(index, await task(item));
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return items.flatMap((_, index) => {
    const result = results.get(index);
    return result === undefined ? [] : [result];
  });
}
