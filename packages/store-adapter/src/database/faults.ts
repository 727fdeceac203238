import { SparkError } from '@spark-control/core';

/** Primary result codes of SQLite that mean trouble with the file, not a defect of ours. */
const RESULT = { busy: 5, locked: 6, readOnly: 8, io: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const;

const EXPLANATIONS: Readonly<Record<number, string>> = {
  [RESULT.busy]: 'the database is locked by another process. Stop that process',
  [RESULT.locked]: 'the database is locked by another process. Stop that process',
  [RESULT.readOnly]: 'it is read-only. Make it writable for the user the server runs as',
  [RESULT.io]: 'the disk reported an error. Look at the system log, and check free space and the disk',
  [RESULT.corrupt]: 'the database is damaged. Stop the server, move spark-control.db away and restore a copy',
  [RESULT.full]: 'its disk is full. Free some space there',
  [RESULT.cannotOpen]: 'the database cannot be opened. Make the folder exist and be writable for the user the server runs as',
  [RESULT.notADatabase]: 'spark-control.db is not a database. Move that file away or restore a copy',
};

/** Primary result code of an SQLite error, or `null` for anything else. */
function resultCode(error: unknown): number | null {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : null;
}

export const isDiskFull = (error: unknown): boolean => resultCode(error) === RESULT.full;
export const isLockedOut = (error: unknown): boolean => resultCode(error) === RESULT.busy || resultCode(error) === RESULT.locked;

/** Turns trouble with the file into STORE_UNAVAILABLE; other errors are defects and stay as they are. */
export function asStoreError(error: unknown, folder: string): unknown {
  const code = resultCode(error);
  const explanation = code === null ? closedHandle(error) : EXPLANATIONS[code];
  if (explanation === undefined) return error;
  return new SparkError('STORE_UNAVAILABLE', `The data folder ${folder} cannot be used: ${explanation}.`, { cause: error });
}

function closedHandle(error: unknown): string | undefined {
  const isClosed = error instanceof Error && /database.*(not open|closed)|driver has already been destroyed/i.test(error.message);
  return isClosed ? 'the store has been closed. Start the server again' : undefined;
}
