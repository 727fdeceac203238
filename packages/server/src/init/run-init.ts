import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isSparkError } from '@spark-control/core';
import { readSettings, writeAtomically } from '@spark-control/store-adapter';
import { defaultConfigFolder } from '../default-config.ts';
import { foundServices } from './found-services.ts';
import { INIT_HELP, type InitOptions, initOptions, WrongOptions } from './init-options.ts';
import { CannotGoOn, meetHosts, type Surroundings } from './meet-hosts.ts';
import { type Proposal, propose } from './proposal.ts';
import { servicesYaml, sparkYaml } from './spark-yaml.ts';
import { confirmed } from './terminal.ts';

export type InitSurroundings = Surroundings & Readonly<{ print: (text: string) => void }>;

/** `spark-control init`, from its words to its exit code. */
export async function runInit(argv: readonly string[], around: InitSurroundings): Promise<number> {
  const { terminal, print, signal } = around;
  try {
    const options = initOptions(argv);
    if (options.help) {
      print(INIT_HELP);
      return 0;
    }
    const path = targetOf(options, around.env);
    refuseToReplace(path, options);
    const hosts = await meetHosts(options, around);
    const proposal = propose(hosts, options.wishes);
    const text = sparkYaml(hosts, proposal.clusters);
    check(text, path, around.env);
    await show(proposal, text, around);
    const services = foundServices(hosts, proposal.clusters);
    onDisk(path, () => write(path, text, options.force));
    for (const line of onDisk(dirname(path), () => accompany(dirname(path), servicesYaml(services)))) terminal.say(line);
    for (const { key, host, port } of services) terminal.say(`found on ${host}: ${key}, port ${port}`);
    print(`${path}\n`);
    terminal.say('Next: start Spark Control, then "sparkctl doctor" tests everything.');
    return 0;
  } catch (error) {
    if (error instanceof WrongOptions) {
      terminal.say(`${error.message}\nTry: spark-control init --help`);
      return 2;
    }
    if (signal.aborted) return 130;
    if (!(error instanceof CannotGoOn) && !isSparkError(error)) throw error;
    terminal.say(error.message);
    return 1;
  }
}

/** The folder that the server reads, so that what is written counts at its next start. */
function targetOf({ output }: InitOptions, env: Surroundings['env']): string {
  return resolve(output ?? join(env['SPARK_CONTROL_CONFIG'] || './config', 'spark.yaml'));
}

function refuseToReplace(path: string, { force }: InitOptions): void {
  const twin = path.replace(/\.yaml$/, '.yml');
  if (twin !== path && existsSync(twin) && !existsSync(path)) throw new CannotGoOn(`${twin} is there already; rename or remove it first.`);
  if (existsSync(path) && !force) throw new CannotGoOn(`${path} is there already; --force replaces it.`);
}

/** What is written has to be what the server accepts. */
function check(text: string, path: string, env: Surroundings['env']): void {
  const { HOME } = env;
  const folder = dirname(path);
  const { issues } = readSettings({ folder, dataFolder: folder, env: HOME === undefined ? {} : { HOME } }, text);
  const own = issues.filter((issue) => !issue.path.includes('services'));
  if (own.length > 0) throw new CannotGoOn(`What was given makes no valid file: ${own.map(({ message }) => message).join(' ')}`);
}

async function show({ clusters, reasons }: Proposal, text: string, { terminal }: Surroundings): Promise<void> {
  for (const reason of reasons) terminal.say(reason);
  for (const { key, hosts, launcher, container, image, port } of clusters)
    terminal.say(`cluster ${key}: ${hosts.join(', ')}; ${launcher}, container ${container} of ${image}, port ${port}`);
  if (!terminal.isInteractive) return;
  terminal.say(`\n${text}`);
  if (!(await confirmed(terminal, 'Write this file?'))) throw new CannotGoOn('Nothing was written.');
}

function write(path: string, text: string, force: boolean): void {
  mkdirSync(dirname(path), { recursive: true });
  if (force) writeAtomically(path, text);
  // `wx`: whoever else made it in the meantime keeps theirs.
  else writeFileSync(path, text, { flag: 'wx' });
}

/** What the system refuses, as a sentence. @throws {CannotGoOn} */
function onDisk<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (isSparkError(error)) throw error;
    const { code, message, path: refused = path } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && refused === path) throw new CannotGoOn(`${path} is there already; --force replaces it.`);
    throw new CannotGoOn(`${refused} cannot be written: ${message}`);
  }
}

/** A folder that is read has to hold a catalog too: the models that come with Spark Control, and the services that were found. */
function accompany(folder: string, services: string): readonly string[] {
  const written: string[] = [];
  const [models, beside] = [join(folder, 'models.yaml'), join(folder, 'services.yaml')];
  const shipped = join(defaultConfigFolder(), 'models.yaml');
  if (!existsSync(models) && existsSync(shipped)) {
    copyFileSync(shipped, models);
    written.push(`${models} has the models that come with Spark Control`);
  }
  if (!existsSync(beside)) {
    writeFileSync(beside, services, { flag: 'wx' });
    written.push(`${beside} has the services that were found`);
  }
  return written;
}
