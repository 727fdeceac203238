/** Fields of a log line. Never put a secret here. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the program says what it does. The library default is silent; the server writes JSON lines. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
