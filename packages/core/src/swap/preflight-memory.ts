import type { Figure } from '../catalog/memory-demand.ts';
import { type MemoryFit, memoryFit } from '../catalog/memory-fit.ts';
import type { FitHost } from '../catalog/memory-fit-figures.ts';
import { memoryFlags } from '../catalog/memory-flags.ts';
import { memoryHistory } from '../catalog/memory-history.ts';
import type { ModelShape } from '../catalog/model-shape.ts';
import type { LaunchPlan } from '../launch/launch-plan.ts';
import type { HostFacts } from '../ports/host-probe.ts';
import type { MemoryRecord } from '../ports/memory-records.ts';
import { gib } from './memory-need.ts';
import type { CheckScene } from './preflight-checks.ts';
import { check, type HostPicture, isAlive, presentOn, unknownCheck } from './preflight-host.ts';
import type { PreflightCheck, PreflightReport } from './preflight-report.ts';

/** What the system and small services of a Spark take: the rest of the used memory is taken for the model's. */
const SYSTEM_BYTES = 8 * 2 ** 30;

export type MemoryFigures = PreflightReport['memory'];

const NO_FIGURES: MemoryFigures = { neededBytes: null, availableBytes: null, basis: 'estimated', fit: null };

/** What is known of the weights of a model, whichever host said so. */
export type WeightsKnown = Readonly<{ weights: Figure | null; shape: ModelShape | null }>;

/**
 * Compares what the plan needs on each host with what will be free there once the present model is gone, and with what `records`
 * (newest first) say about earlier loads. `memory` is of the tightest host.
 */
export function memoryChecks(
  scene: CheckScene,
  pictures: readonly HostPicture[],
  records: readonly MemoryRecord[] = [],
): Readonly<{ checks: readonly PreflightCheck[]; memory: MemoryFigures }> {
  const known = weightsKnown(
    scene.plan,
    pictures.flatMap(({ facts }) => facts ?? []),
  );
  const results = pictures.map((picture) => memoryCheck(scene, picture, known, records));
  const tightest = tightestOf(results.flatMap(({ fit }) => fit ?? []));
  return { checks: results.map((result) => result.check), memory: tightest === null ? NO_FIGURES : figuresOf(tightest) };
}

/** The one of which the least would be left over. */
export function tightestOf(fits: readonly MemoryFit[]): MemoryFit | null {
  const margin = (fit: MemoryFit): number => fit.availableBytes - fit.neededBytes;
  return fits.reduce<MemoryFit | null>((least, fit) => (least === null || margin(fit) < margin(least) ? fit : least), null);
}

const figuresOf = (fit: MemoryFit): MemoryFigures => ({
  neededBytes: fit.neededBytes,
  availableBytes: fit.availableBytes,
  basis: fit.basis,
  fit,
});

/**
 * Tensors counted by their index are what will be loaded; the entry's figure is a person's; the bytes on the disk may hold the
 * weights in two formats, or in two revisions.
 */
export function weightsKnown(plan: Pick<LaunchPlan, 'weightsBytes'> | null, facts: readonly HostFacts[]): WeightsKnown {
  const found = facts.flatMap(({ weights }) => (weights?.complete === true ? [weights] : []));
  const shape = facts.flatMap(({ weights }) => weights?.shape ?? [])[0] ?? null;
  const tensors = found.flatMap(({ tensorBytes }) => tensorBytes ?? [])[0];
  if (tensors !== undefined && tensors > 0) return { weights: { bytes: tensors, basis: 'measured' }, shape };
  if (plan?.weightsBytes != null) return { weights: { bytes: plan.weightsBytes, basis: 'estimated' }, shape };
  const [first] = found;
  return { weights: first === undefined || first.bytes === 0 ? null : { bytes: first.bytes, basis: 'measured' }, shape };
}

/** The fit of a plan on one host as it will be. `imageId`: of the image on that host. */
export function planFit(
  plan: LaunchPlan,
  host: FitHost,
  known: WeightsKnown & Readonly<{ imageId: string | null }>,
  records: readonly MemoryRecord[],
): MemoryFit {
  const flags = memoryFlags(plan.args);
  const nodes = plan.nodes.length;
  const ask = { digest: plan.digest, source: plan.args[0] ?? '', nodes, flags, imageId: known.imageId, totalBytes: host.totalBytes };
  return memoryFit({ flags, nodes, weights: known.weights, shape: known.shape, history: memoryHistory(records, ask) }, host);
}

type Checked = Readonly<{ check: PreflightCheck; fit: MemoryFit | null }>;

function memoryCheck(scene: CheckScene, picture: HostPicture, known: WeightsKnown, records: readonly MemoryRecord[]): Checked {
  const { facts } = picture;
  if (facts === null || picture.containers === null) return { check: unknownCheck('memory', picture), fit: null };
  if (scene.plan === null) {
    const detail = 'Without a command nobody can tell how much memory it needs.';
    return { check: check('memory', picture.host, 'unknown', { detail }), fit: null };
  }
  const willStop = presentOn(picture).filter((container) => isAlive(container) && (container.identity !== null || scene.replaceUnmanaged));
  const returned = willStop.length === 0 ? 0 : comingBack(facts);
  const host = fitHost(picture.host.name, facts, returned);
  const fit = planFit(scene.plan, host, { ...known, imageId: facts.imageId ?? null }, records);
  return { check: verdict(picture, host, fit, returned), fit };
}

export const fitHost = (name: string, facts: HostFacts, returnedBytes: number): FitHost => ({
  name,
  totalBytes: facts.memTotalBytes,
  availableBytes: Math.min(facts.memTotalBytes, facts.memAvailableBytes + returnedBytes),
  cachedBytes: facts.cachedBytes,
  swapFreeBytes: facts.swapFreeBytes,
});

function verdict(picture: HostPicture, host: FitHost, fit: MemoryFit, returned: number): PreflightCheck {
  const measured = `${gib(fit.availableBytes)} of ${gib(host.totalBytes)}`;
  const [worst, ...others] = fit.reasons;
  if (worst === undefined) {
    const after = returned === 0 ? '' : ` once the present model has given back about ${gib(returned)}`;
    const detail = `About ${gib(fit.availableBytes)} will be free${after}; it takes ${gib(fit.neededBytes)}${fit.basis === 'measured' ? ', as measured' : ''}.`;
    return check('memory', picture.host, 'pass', { detail, hint: roomWords(fit), measured });
  }
  const detail = [worst, ...others].map(({ message }) => message).join(' ');
  const hints = [...new Set([worst, ...others].flatMap(({ hint }) => hint ?? []))];
  return check('memory', picture.host, fit.verdict, { detail, hint: hints.length === 0 ? null : hints.join(' '), measured });
}

/** What else the figures say to somebody who tunes the entry; `null`: nothing. */
function roomWords(fit: MemoryFit): string | null {
  const { lowestUtilization: lowest, concurrency } = fit;
  if (lowest === null || fit.demand.kv === null || concurrency === null) return null;
  const requests = concurrency < 10 ? concurrency.toFixed(1) : String(Math.floor(concurrency));
  return `The KV cache holds about ${requests} requests of the longest context at once; --gpu-memory-utilization ${lowest.toFixed(2)} is the lowest that would do for one.`;
}

/** What the processes of the present model hold, where the driver says so; else what is used beyond the system's own share. */
export function comingBack(facts: HostFacts): number {
  const processes = (facts.gpu?.processes ?? []).filter((process) => /vllm|enginecore|ray::/i.test(process.name));
  const held = processes.reduce((sum, process) => sum + (process.usedBytes ?? 0), 0);
  return held > 0 ? held : Math.max(0, facts.memTotalBytes - facts.memAvailableBytes - SYSTEM_BYTES);
}
