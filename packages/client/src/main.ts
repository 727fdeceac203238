#!/usr/bin/env node
import { homedir, hostname, userInfo } from 'node:os';
import process from 'node:process';
import type { StopSignal } from './cli/failure.ts';
import type { Io, Sink } from './cli/io.ts';
import { run } from './cli/run.ts';
import { runServer } from './cli/run-server.ts';
import { askOnTerminal, readAll } from './cli/terminal.ts';
import { systemClock } from './clock.ts';

const SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const KILL_AFTER_MS = 10_000;
const SIGPIPE_EXIT = 141;

const sink = (stream: NodeJS.WriteStream): Sink => ({
  write: (text) => void stream.write(text),
  isTTY: stream.isTTY === true,
  get columns() {
    return stream.columns;
  },
});

/** A user without an entry in the list of users has no name; containers have such. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}

const io: Io = {
  stdout: sink(process.stdout),
  stderr: sink(process.stderr),
  stdinIsTTY: process.stdin.isTTY === true,
  env: process.env,
  home: homedir(),
  user: `${userName()}@${hostname()}`,
  fetch,
  clock: systemClock,
  ask: askOnTerminal,
  readInput: readAll,
  runServer,
  onSignal(listener) {
    for (const signal of SIGNALS) process.on(signal, listener);
    return () => {
      for (const signal of SIGNALS) process.off(signal, listener);
    };
  },
  killAfterMs: KILL_AFTER_MS,
};

// `sparkctl events | head`: whoever reads has enough. Nothing that holds a lock writes there.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? SIGPIPE_EXIT : 1));
// Words that nobody can read are no reason to let go of anything.
process.stderr.on('error', () => undefined);

process.exitCode = await run(process.argv.slice(2), io);
