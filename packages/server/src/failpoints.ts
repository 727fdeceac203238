/**
 * Crashes the process at a named point of a swap: `SPARK_FAILPOINT=before_launch` ends it there with SIGKILL, as a power cut would.
 * `name:2` lets the first pass by. For tests of recovery; without the variable this is nothing.
 */
export function failpointFrom(setting: string | undefined): ((name: string) => void) | undefined {
  if (setting === undefined || setting === '') return undefined;
  const [point, nth = '1'] = setting.split(':');
  let remaining = Number(nth);
  return (name) => {
    if (name !== point) return;
    remaining -= 1;
    if (remaining === 0) process.kill(process.pid, 'SIGKILL');
  };
}
