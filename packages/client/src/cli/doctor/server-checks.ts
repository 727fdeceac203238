import type { WireHostTest, WireModelDiskView, WireSettings } from '@spark-control/schema';
import type { SparkClient } from '../../client.ts';
import { VERSION } from '../../version.ts';
import { gib } from '../text.ts';
import { type Check, checkOf, examined } from './check.ts';

/** Below this a download of a model of any size fails. */
const LEAST_FREE_BYTES = 50 * 2 ** 30;
/** Models whose hosts are asked at a time. */
const AT_A_TIME = 4;

/** Everything that the server can say of itself and of what it works with. The parts are asked side by side. */
export async function serverChecks(
  client: SparkClient,
  settings: WireSettings | null,
  withHosts: boolean,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const parts: readonly (readonly [name: string, look: () => Promise<readonly Check[]>])[] = [
    ['version', () => versionCheck(client, signal)],
    ['readiness', () => readinessChecks(client, signal)],
    ['settings', async () => (settings === null ? [] : settingsChecks(settings))],
    ['hosts', () => (withHosts ? hostChecks(client, signal) : Promise.resolve([]))],
    ['weights', () => (withHosts ? weightChecks(client, signal) : Promise.resolve([]))],
    ['services', () => serviceChecks(client, signal)],
    ['webhooks', () => webhookChecks(client, signal)],
  ];
  return (await Promise.all(parts.map(([name, look]) => examined(name, look, signal)))).flat();
}

async function versionCheck(client: SparkClient, signal: AbortSignal): Promise<readonly Check[]> {
  const { version, simulated } = await client.version({ signal });
  const say = checkOf('version');
  const same =
    version === VERSION
      ? say('pass', `The server and sparkctl are ${version}.`)
      : say('warn', `The server is ${version}, sparkctl is ${VERSION}.`, 'Bring both to the same version.');
  const note = checkOf('simulation')('warn', 'The server runs on simulated Sparks.', 'Run "sparkctl init" to use real ones.');
  return simulated ? [same, note] : [same];
}

async function readinessChecks(client: SparkClient, signal: AbortSignal): Promise<readonly Check[]> {
  const { checks } = await client.readiness({ signal });
  return checks.map(({ name, ok, detail }) =>
    checkOf(`ready ${name}`)(ok ? 'pass' : 'fail', detail, ok ? null : 'See the log of the server.'),
  );
}

function settingsChecks({ files, warnings, restart_required }: WireSettings): readonly Check[] {
  return [
    ...files.flatMap(({ path, problem, exists }) =>
      problem === null ? [] : [checkOf('settings', path)('warn', problem, exists ? 'Until then it is changed by an editor only.' : null)],
    ),
    ...warnings.map((text) => checkOf('settings')('warn', text)),
    ...(restart_required ? [checkOf('settings')('warn', 'spark.yaml was changed since the server started.', 'Restart the server.')] : []),
  ];
}

async function hostChecks(client: SparkClient, signal: AbortSignal): Promise<readonly Check[]> {
  const { items } = await client.hosts({ signal });
  const keys = [...new Set(items.map(({ key }) => key))];
  const tested = await Promise.all(
    keys.map((key) => examined(`host ${key}`, async () => stepsOf(await client.hostAdmin.test(key, { signal })), signal)),
  );
  const disks = items
    .filter(({ disk_free_bytes: free }) => free !== null && free < LEAST_FREE_BYTES)
    .map(({ key, disk_free_bytes: free }) =>
      checkOf('disk', key)('warn', `Only ${gib(free)} free.`, '"sparkctl model disk MODEL" shows what takes the room.'),
    );
  return [...tested.flat(), ...disks];
}

/** What is well in one line; each of the others in its own. */
function stepsOf({ host, ok, steps }: WireHostTest): readonly Check[] {
  const odd = steps.filter(({ status }) => status === 'fail' || status === 'warn');
  const passed = steps.filter(({ status }) => status === 'pass').map(({ name }) => name.replaceAll('_', ' '));
  const lines = odd.map(({ name, status, detail, hint }) => checkOf(`host ${name}`, host)(status, detail, hint));
  return ok ? [checkOf('host', host)('pass', `${passed.join(', ')}: well`), ...lines] : lines;
}

/** Not every model of a catalog is meant to be on the disks, so that only half a download is odd. */
async function weightChecks(client: SparkClient, signal: AbortSignal): Promise<readonly Check[]> {
  const { items } = await client.models({ signal });
  const views: WireModelDiskView[] = [];
  const left = items.map(({ key }) => key);
  const worker = async (): Promise<void> => {
    for (let key = left.shift(); key !== undefined; key = left.shift()) views.push(await client.catalog.disk(key, { signal }));
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  const say = checkOf('weights');
  // A host that cannot be asked is no host without weights.
  const silent = [...new Set(views.flatMap(({ items: hosts }) => hosts.filter(({ present }) => present === null).map(({ host }) => host)))];
  const there = views.filter(
    ({ items: hosts }) => hosts.length > 0 && hosts.every(({ present, complete }) => present === true && complete),
  );
  const halves = views.flatMap(({ model, items: hosts }) =>
    hosts
      .filter(({ present, complete, downloading }) => present === true && !complete && !downloading)
      .map(({ host }) =>
        checkOf('weights', model)('warn', `They are incomplete on ${host}.`, `"sparkctl model download ${model}" goes on with them.`),
      ),
  );
  const count = `${there.length} of ${views.length} models are on the disks of their hosts`;
  if (silent.length === 0) return [say('pass', `${count}.`), ...halves];
  return [say('warn', `${count}, as far as is known: ${silent.join(', ')} could not be asked.`), ...halves];
}

async function serviceChecks(client: SparkClient, signal: AbortSignal): Promise<readonly Check[]> {
  const { items } = await client.services.deepHealth({ signal });
  return items.map(({ service, kind, status, detail }) =>
    checkOf('service', service)(status, detail, status === 'fail' ? hintFor(service, kind) : null),
  );
}

/** The report has the model servers of the clusters too, which are no services with a log of their own. */
const hintFor = (key: string, kind: string): string =>
  kind === 'vllm'
    ? '"sparkctl status" says what serves there, "sparkctl host test HOST" whether its hosts can be asked.'
    : `"sparkctl service logs ${key}" says more; DISABLED_SERVICES hides it.`;

async function webhookChecks(client: SparkClient, signal: AbortSignal): Promise<readonly Check[]> {
  const { items } = await client.webhooks.list({ signal });
  return items.flatMap(({ id, url, disabled_reason, dead }) => {
    const say = checkOf('webhook', url);
    if (disabled_reason !== null)
      return [say('warn', `It was switched off: ${disabled_reason}.`, `"sparkctl webhooks enable ${id}" once it works.`)];
    return dead > 0
      ? [say('warn', `${dead} deliveries were given up.`, `"sparkctl webhooks deliveries ${id} --state dead" lists them.`)]
      : [];
  });
}
