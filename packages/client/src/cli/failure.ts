import { constants } from 'node:os';
import { EXIT } from './exit-codes.ts';

/** Ends the program with this code. The message is for people; it begins in lower case, since `sparkctl: ` stands before it. */
export class Failure extends Error {
  override readonly name: string = 'Failure';
  readonly exitCode: number;
  /** What --json prints: a word that programs go by. */
  readonly code: string;

  constructor(exitCode: number, code: string, message: string) {
    super(message);
    this.exitCode = exitCode;
    this.code = code;
  }
}

/** The command line, a setting or a value in it cannot be understood. */
export class UsageError extends Failure {
  override readonly name: string = 'UsageError';

  constructor(message: string) {
    super(EXIT.usage, 'USAGE', message);
  }
}

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** Ended by a signal: 128 + its number, as shells report it. */
export class Interrupted extends Failure {
  override readonly name: string = 'Interrupted';
  readonly signal: StopSignal;

  constructor(signal: StopSignal) {
    super(exitCodeOfSignal(signal), 'INTERRUPTED', `stopped by ${signal}`);
    this.signal = signal;
  }
}

export const exitCodeOfSignal = (signal: NodeJS.Signals): number => 128 + (constants.signals[signal] ?? 0);
