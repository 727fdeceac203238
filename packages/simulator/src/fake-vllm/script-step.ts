import type { LogLevel, LogSource } from './log-writer.ts';

/** Something the process does at a moment. `line` goes through vLLM's logger, `plain` does not, `bar` starts a progress bar and `raw` goes on with it. */
export type StepAction = Readonly<
  | { kind: 'line'; source: LogSource; file: string; message: string; level?: LogLevel }
  | { kind: 'plain' | 'bar'; source: LogSource; text: string }
  | { kind: 'raw'; text: string }
  | { kind: 'memory'; bytes: number }
  | { kind: 'exit'; code: number }
  | { kind: 'hang' }
>;

/** `at`: simulated seconds since the start of the process. */
export type Step = Readonly<{ at: number; action: StepAction }>;

export const line = (at: number, file: string, message: string, source: LogSource = 'engine'): Step => ({
  at,
  action: { kind: 'line', source, file, message },
});
export const plain = (at: number, text: string, source: LogSource = 'api'): Step => ({ at, action: { kind: 'plain', source, text } });
export const bar = (at: number, text: string): Step => ({ at, action: { kind: 'bar', source: 'engine', text } });
export const raw = (at: number, text: string): Step => ({ at, action: { kind: 'raw', text } });
export const memory = (at: number, bytes: number): Step => ({ at, action: { kind: 'memory', bytes } });

/** How an engine that cannot start ends: the cause in the engine's words, then the API server's, then exit code 1. */
export function engineFailure(at: number, where: string, cause: string): readonly Step[] {
  const trace = `Traceback (most recent call last):\n  File "/usr/local/lib/python3.12/dist-packages/vllm/v1/engine/core.py", line 1014, in run_engine_core\n  File "/usr/local/lib/python3.12/dist-packages/vllm/${where}, in __init__\n${cause}`;
  const error = (message: string): Step => ({
    at,
    action: { kind: 'line', source: 'engine', file: 'core.py:1023', message, level: 'ERROR' },
  });
  return [
    error('EngineCore failed to start.'),
    error(trace),
    plain(at, `Process EngineCore:\n${trace}`, 'engine'),
    plain(
      at,
      'Traceback (most recent call last):\n  File "/usr/local/bin/vllm", line 10, in <module>\nRuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}',
    ),
    { at, action: { kind: 'exit', code: 1 } },
  ];
}
