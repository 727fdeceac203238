import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, must } from './commands.ts';
import { REGISTRY } from './host-registry.ts';
import { IMAGES } from './image.ts';
import type { SparkHost } from './spark-host.ts';

/** The user that NGC's keys belong to. */
const USER = '$oauthtoken';

/** Debian's own registry on the loopback of a host, which wants the key for whatever is read or written. Returns how to end it. */
export async function startKeyedRegistry(host: SparkHost, storage: string, key: string): Promise<() => Promise<void>> {
  const folder = join(host.directory, 'keyed-registry');
  mkdirSync(folder, { recursive: true });
  mkdirSync(storage, { recursive: true });
  const [config, pidFile, users] = ['config.yml', 'pid', 'users'].map((name) => join(folder, name)) as [string, string, string];
  rmSync(pidFile, { force: true });
  // Bcrypt of the C library; the key goes over standard input, as everywhere.
  const hash = await must(['perl', '-e', 'chomp(my $key = <STDIN>); print crypt($key, q($2b$05$abcdefghijklmnopqrstuu))'], {
    input: `${key}\n`,
  });
  writeFileSync(users, `${USER}:${hash}\n`);
  const storagePart = `storage:\n  filesystem:\n    rootdirectory: ${storage}\n`;
  const auth = `auth:\n  htpasswd:\n    realm: rig\n    path: ${users}\n`;
  writeFileSync(config, `version: 0.1\nlog:\n  level: error\n${storagePart}http:\n  addr: ${REGISTRY}\n${auth}`);
  const running = host.exec(['sh', '-c', `echo $$ >${pidFile}; exec docker-registry serve ${config}`], { timeoutMs: 600_000 });
  await eventually(`the registry of ${host.name}`, async () => {
    if (!existsSync(pidFile)) return false;
    const { stdout } = await host.exec(['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', `http://${REGISTRY}/v2/`]);
    return stdout.trim() === '401';
  });
  return async () => {
    await host.exec(['kill', readFileSync(pidFile, 'utf8').trim()]);
    await running;
    rmSync(folder, { recursive: true, force: true });
  };
}

/** A server as NIM containers are: on `NIM_SERVER_PORT`, ready after a moment. */
const SERVER = `const {createServer}=require('http');const from=Date.now();console.log('loading');process.on('SIGTERM',()=>process.exit());
createServer((q,r)=>r.writeHead(q.url==='/v1/health/ready'?(Date.now()-from>700?200:503):404).end()).listen(Number(process.env.NIM_SERVER_PORT));`;
const CRASH = `console.log('Loading weights');console.error('CUDA out of memory');process.exit(3)`;

/** Puts images into the registry under names that no host has. Their processor is this machine's, but for one. */
export async function publishNims(host: SparkHost, key: string, workFolder: string) {
  mkdirSync(workFolder, { recursive: true });
  const image = (name: string): string => `${REGISTRY}/nim/${name}`;
  const images = { good: image('good:1'), second: image('good:2'), crashing: image('crash:1'), wrongProcessor: image('foreign:1') };
  const derive = async (tag: string, program: string): Promise<void> => {
    const container = (await host.docker('create', IMAGES.node, 'true')).trim();
    // A layer that no host has, so that there is something to pull.
    writeFileSync(join(workFolder, 'nim-weights'), randomBytes(3_000_000));
    await host.docker('cp', join(workFolder, 'nim-weights'), `${container}:/nim-weights`);
    await host.docker('commit', '--change', `ENTRYPOINT ${JSON.stringify(['node', '-e', program])}`, container, tag);
    await host.docker('rm', container);
  };
  await derive(images.good, SERVER);
  await derive(images.second, `${SERVER}//2`);
  await derive(images.crashing, CRASH);
  await host.docker('load', '-q', '-i', await foreignImage(workFolder, images.wrongProcessor));
  const config = join(workFolder, 'docker');
  mkdirSync(config, { recursive: true });
  const auth = Buffer.from(`${USER}:${key}`).toString('base64');
  writeFileSync(join(config, 'config.json'), JSON.stringify({ auths: { [REGISTRY]: { auth } } }));
  for (const name of Object.values(images)) {
    await host.docker('--config', config, 'push', '-q', name);
    await host.docker('rmi', name);
  }
  rmSync(config, { recursive: true });
  return images;
}

/** An image for another processor, as `docker save` writes them: nothing of Docker's makes one without running it. */
async function foreignImage(workFolder: string, tag: string): Promise<string> {
  const [layer, saved] = [join(workFolder, 'foreign-layer'), join(workFolder, 'foreign')];
  for (const folder of [layer, saved]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(layer, 'file'), 'x');
  await must(['tar', '-C', layer, '-cf', join(saved, 'layer.tar'), '.']);
  const digest = createHash('sha256')
    .update(readFileSync(join(saved, 'layer.tar')))
    .digest('hex');
  const rootfs = { type: 'layers', diff_ids: [`sha256:${digest}`] };
  const config = JSON.stringify({ architecture: process.arch === 'arm64' ? 'amd64' : 'arm64', os: 'linux', config: {}, rootfs });
  const name = `${createHash('sha256').update(config).digest('hex')}.json`;
  writeFileSync(join(saved, name), config);
  writeFileSync(join(saved, 'manifest.json'), JSON.stringify([{ Config: name, RepoTags: [tag], Layers: ['layer.tar'] }]));
  await must(['tar', '-C', saved, '-cf', `${saved}.tar`, '.']);
  return `${saved}.tar`;
}
