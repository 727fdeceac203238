import type { Server } from 'node:http';
import { createSparkControl, listen, type SparkControl, type SparkControlOptions, stop, urlOf } from '../../src/index.ts';
import type { Folders } from './folders.ts';

export type Running = Readonly<{ control: SparkControl; server: Server; url: string; stop(): Promise<void> }>;

/** A whole server in this process, on a free port. */
export async function run(folders: Folders, options: Partial<SparkControlOptions> = {}): Promise<Running> {
  const { env, ...rest } = options;
  const control = await createSparkControl({
    dataFolder: folders.data,
    configFolder: folders.config,
    env: { PORT: '0', ...env },
    webRoot: null,
    simulation: { speed: 20 },
    ...rest,
  });
  const server = await listen(control);
  return { control, server, url: urlOf(server), stop: () => stop(server, control) };
}
