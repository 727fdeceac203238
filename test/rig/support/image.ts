import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { must } from './commands.ts';
import { FAKE_VLLM, SUPPORT, WORKSPACE } from './paths.ts';
import { findProgram } from './requirements.ts';
import type { SparkHost } from './spark-host.ts';

/** Images of every rig host. The ids of one tag are the same on all hosts, as the launcher demands. */
export const IMAGES = {
  /** The launcher's default: no entrypoint. */
  node: 'vllm-node:latest',
  /** The same with another id. */
  next: 'vllm-node:next',
  /** Carries `run-cluster-node.sh`, for the launcher's older generation. */
  ray: 'vllm-node-ray:latest',
  /** Entrypoint `vllm serve`, as the engine's own images have it. */
  openai: 'vllm/vllm-openai:gemma4-cu130',
} as const;

export async function bundleFakeVllm(): Promise<void> {
  await must([process.execPath, join(WORKSPACE, 'scripts', 'build-fake-vllm.mjs')]);
}

type Entry = Readonly<{ from: string; to: string }>;

async function contents(): Promise<readonly Entry[]> {
  const node = process.execPath;
  const libraries = (await must(['ldd', node])).split('\n').flatMap((line) => line.match(/(\/\S+) \(0x/)?.[1] ?? []);
  return [
    { from: node, to: 'usr/local/bin/node' },
    ...libraries.map((path) => ({ from: path, to: path.slice(1) })),
    { from: findProgram('bash-static') ?? 'bash-static', to: 'bin/bash' },
    { from: findProgram('busybox') ?? 'busybox', to: 'bin/busybox' },
    { from: FAKE_VLLM, to: 'usr/local/bin/vllm' },
    { from: join(SUPPORT, 'container', 'ray'), to: 'usr/local/bin/ray' },
    { from: join(SUPPORT, 'container', 'run-cluster-node.sh'), to: 'workspace/run-cluster-node.sh' },
  ];
}

function hashOf(entries: readonly Entry[]): string {
  const hash = createHash('sha256').update('layout 3');
  for (const { from, to } of entries) hash.update(`\0${to}\0`).update(readFileSync(from));
  return hash.digest('hex').slice(0, 16);
}

/** Root file system of the image as a tar, built in `workFolder`. */
async function buildTar(entries: readonly Entry[], workFolder: string): Promise<string> {
  const root = mkdtempSync(join(workFolder, 'root-'));
  for (const folder of ['tmp', 'root', 'workspace', 'etc', 'proc', 'sys', 'dev', 'sim', 'bin', 'usr/local/bin']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  for (const { from, to } of entries) {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    copyFileSync(from, join(root, to));
    chmodSync(join(root, to), 0o755);
  }
  for (const applet of (await must([join(root, 'bin/busybox'), '--list'])).trim().split('\n')) {
    if (!existsSync(join(root, 'bin', applet))) symlinkSync('busybox', join(root, 'bin', applet));
  }
  mkdirSync(join(root, 'usr/bin'), { recursive: true });
  symlinkSync('/bin/busybox', join(root, 'usr/bin/env'));
  // Makes the engine's program, which has no suffix, a module: its command line then reads `node /usr/local/bin/vllm serve ...`.
  writeFileSync(join(root, 'usr/local/bin/package.json'), '{"type":"module"}\n');
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/bash\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
  chmodSync(join(root, 'tmp'), 0o1777);
  const tar = join(workFolder, `${basename(root)}.tar`);
  await must(['tar', '-C', root, '--owner=0', '--group=0', '-cf', tar, '.']);
  rmSync(root, { recursive: true });
  return tar;
}

/** A tag of its own with the same files, made without a builder: a container that never ran, committed. */
async function derive(host: SparkHost, tag: string, change: string): Promise<void> {
  const container = (await host.docker('create', IMAGES.node, 'true')).trim();
  await host.docker('commit', '--change', change, container, tag);
  await host.docker('rm', container);
}

/**
 * Puts the images on all hosts. The first time they are built on the first host and saved under `cacheFolder`, by the
 * hash of all that is in them; the hosts load that file.
 */
export async function loadImages(hosts: readonly SparkHost[], cacheFolder: string): Promise<void> {
  const first = hosts[0];
  if (first === undefined) return;
  mkdirSync(cacheFolder, { recursive: true });
  const entries = await contents();
  const saved = join(cacheFolder, `images-${hashOf(entries)}.tar`);
  if (!existsSync(saved)) {
    const tar = await buildTar(entries, cacheFolder);
    await buildOn(first, tar);
    const partial = `${saved}.${process.pid}`;
    await first.docker('save', '-o', partial, ...Object.values(IMAGES));
    renameSync(partial, saved);
    rmSync(tar);
    discardOthers(cacheFolder, saved);
  }
  await Promise.all(hosts.map((each) => each.docker('load', '-q', '-i', saved)));
}

/** An old file serves nobody once its content has changed. One that another rig loads just now stays readable for it. */
function discardOthers(cacheFolder: string, kept: string): void {
  for (const file of readdirSync(cacheFolder)) {
    if (/^images-\w+\.tar$/.test(file) && join(cacheFolder, file) !== kept) rmSync(join(cacheFolder, file), { force: true });
  }
}

async function buildOn(first: SparkHost, tar: string): Promise<void> {
  const path = 'ENV PATH=/usr/local/bin:/usr/bin:/bin HOME=/root';
  await first.docker('import', '--change', path, '--change', 'WORKDIR /workspace', tar, IMAGES.node);
  await derive(first, IMAGES.next, 'LABEL rig.variant=next');
  await derive(first, IMAGES.ray, 'LABEL rig.variant=ray');
  await derive(first, IMAGES.openai, 'ENTRYPOINT ["vllm","serve"]');
}
