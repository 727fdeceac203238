import { isSparkError, type LogFields, type Logger, maskSecrets } from '@spark-control/core';
import winston from 'winston';

const MESSAGE = Symbol.for('message');
/** Longest string of a field: a log is read by people. */
const MAX_TEXT = 16_384;
const MAX_DEPTH = 6;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * JSON lines on standard error (or a given stream). Secrets are masked in every string, at any depth, and once more
 * in the finished line: masking only the message would let them through in the fields. The logger is this instance's own; nothing is global.
 */
export function createJsonLogger(
  options: Readonly<{ level: LogLevel; stream?: NodeJS.WritableStream }>,
): Logger & { end(): Promise<void> } {
  const mask = winston.format((info) => {
    const line = String(info[MESSAGE]);
    const masked = maskSecrets(line);
    // Each string was masked before; this catches what shows only in the whole line, unless it would break the line.
    info[MESSAGE] = masked === line || isJson(masked) ? masked : line;
    return info;
  });
  const logger = winston.createLogger({
    level: options.level,
    format: winston.format.combine(winston.format.timestamp(), winston.format.json(), mask()),
    transports: [new winston.transports.Stream({ stream: options.stream ?? process.stderr })],
    exitOnError: false,
  });
  const write = (level: LogLevel, message: string, fields: LogFields = {}): void => {
    logger.log({
      level,
      message: String(plain(message)),
      ...Object.fromEntries(
        Object.entries(fields).map(([key, value]) => [key === 'level' || key === 'message' ? `${key}_` : key, plain(value)]),
      ),
    });
  };
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
    end: () =>
      new Promise((resolve) => {
        logger.once('finish', () => resolve());
        logger.end();
      }),
  };
}

/** A value as it may stand in a log: no secrets in its strings, no endless nesting, errors as data. */
function plain(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return maskSecrets(value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}...` : value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isSparkError(value)) return { code: value.code, message: plain(value.message) };
  if (value instanceof Error) return { name: value.name, message: plain(value.message), stack: plain(value.stack) };
  if (depth >= MAX_DEPTH) return '...';
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, depth + 1)]));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
