import { isSparkError, type LogFields, type Logger, maskSecrets } from '@spark-control/core';
import winston from 'winston';

const MESSAGE = Symbol.for('message');
const MAX_LINE = 16_384;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * JSON lines on standard error (or a given stream). Secrets are masked in the finished line, after every field is in it:
 * masking only the message would let them through in the fields. The logger is this instance's own; nothing is global.
 */
export function createJsonLogger(
  options: Readonly<{ level: LogLevel; stream?: NodeJS.WritableStream }>,
): Logger & { end(): Promise<void> } {
  const mask = winston.format((info) => {
    const line = String(info[MESSAGE]);
    info[MESSAGE] = maskSecrets(line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}..."}` : line);
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
      message,
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

function plain(value: unknown): unknown {
  if (isSparkError(value)) return { code: value.code, message: value.message };
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
  return value;
}
