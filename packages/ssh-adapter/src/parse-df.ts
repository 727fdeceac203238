/** The smallest free space in bytes of those that `df -Pk` printed; `null` when it printed none. Mount points may hold blanks, so the figures are found from the left. */
export function parseFreeBytes(text: string): number | null {
  const free = text.split('\n').flatMap((line) => {
    const match = /\s(\d+)\s+(\d+)\s+(\d+)\s+\d+%\s/.exec(line);
    return match === null ? [] : [Number(match[3]) * 1024];
  });
  return free.length === 0 ? null : Math.min(...free);
}
