/** One piece of a stream, serialised once for all who read it. `id`: its journal number, `null` for what goes by unnumbered. */
export type Frame = Readonly<{
  id: number | null;
  event: string;
  bytes: Buffer;
  /** For log lines: the id of the swap or operation, and the number of the line, by which a reader drops what it has. */
  line: Readonly<{ of: string; seq: number }> | null;
}>;

/** JSON has no raw line break, so that `data` is always one line. */
export function frameOf(event: string, data: unknown, id: number | null = null, line: Frame['line'] = null): Frame {
  const head = id === null ? '' : `id: ${id}\n`;
  return { id, event, bytes: Buffer.from(`${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`), line };
}

export const HEARTBEAT = Buffer.from(': alive\n\n');
export const GREETING = Buffer.from('retry: 2000\n\n');
/** Sent before a stopping server ends a stream: come back soon. */
export const FAREWELL = Buffer.from('retry: 1000\n\n');
