import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { eventually } from './commands.ts';
import { findProgram } from './requirements.ts';
import type { SparkHost } from './spark-host.ts';

const PORT = 5_000;

/** Where images of a {@link startRegistry} are: on the host's own loopback, since Docker speaks plain HTTP with nothing else. */
export const REGISTRY = `127.0.0.1:${PORT}`;

/** Why no registry can run here, or `null`. */
export const registryProblem = (): string | null =>
  findProgram('docker-registry') === null ? 'docker-registry is missing (Debian package docker-registry)' : null;

/** Debian's own registry on the loopback of a host. Registries with the same `storage` have the same images. Returns how to end it. */
export async function startRegistry(host: SparkHost, storage: string): Promise<() => Promise<void>> {
  const folder = join(host.directory, 'registry');
  mkdirSync(folder, { recursive: true });
  mkdirSync(storage, { recursive: true });
  const config = join(folder, 'config.yml');
  const pidFile = join(folder, 'pid');
  rmSync(pidFile, { force: true });
  const http = `http:\n  addr: ${REGISTRY}\n`;
  writeFileSync(config, `version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: ${storage}\n${http}`);
  const command = `echo $$ >${pidFile}; exec docker-registry serve ${config}`;
  const running = host.exec(['sh', '-c', command], { timeoutMs: 600_000 });
  await eventually(`the registry of ${host.name}`, async () => {
    if (!existsSync(pidFile)) return false;
    return (await host.exec(['curl', '-sf', `http://${REGISTRY}/v2/`])).code === 0;
  });
  return async () => {
    await host.exec(['kill', readFileSync(pidFile, 'utf8').trim()]);
    await running;
    rmSync(folder, { recursive: true, force: true });
  };
}

/** Puts an image with one small file into the registry, under a name that no host has. */
export async function publish(host: SparkHost, name: string, workFolder: string): Promise<string> {
  const tar = join(workFolder, 'tiny.tar');
  const root = join(workFolder, 'tiny');
  mkdirSync(dirname(tar), { recursive: true });
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, 'file'), 'x'.repeat(2_000_000));
  await host.exec(['tar', '-C', root, '-cf', tar, '.']);
  const image = `${REGISTRY}/${name}`;
  await host.docker('import', tar, image);
  await host.docker('push', image);
  await host.docker('rmi', image);
  return image;
}
