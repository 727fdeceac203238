import type { HostFacts } from '../ports/host-probe.ts';
import { gib, type MemoryNeed, memoryNeed } from './memory-need.ts';
import type { CheckScene } from './preflight-checks.ts';
import { check, type HostPicture, isAlive, presentOn, unknownCheck } from './preflight-host.ts';
import type { PreflightCheck, PreflightReport } from './preflight-report.ts';

/** What the system and small services of a Spark take: the rest of the used memory is taken for the model's. */
const SYSTEM_BYTES = 8 * 2 ** 30;

export type MemoryFigures = PreflightReport['memory'];

const NO_FIGURES: MemoryFigures = { neededBytes: null, availableBytes: null, basis: 'estimated' };

/**
 * Compares what the plan needs on each host with what will be free there once the present model is gone. Estimates only warn: a
 * model that does start is worth more than one that was refused by a guess. Only what exceeds the whole memory fails.
 * `memory` is of the tightest host.
 */
export function memoryChecks(
  scene: CheckScene,
  pictures: readonly HostPicture[],
): Readonly<{ checks: readonly PreflightCheck[]; memory: MemoryFigures }> {
  const results = pictures.map((picture) => memoryCheck(scene, picture));
  const margin = (figures: MemoryFigures): number => (figures.availableBytes ?? 0) - (figures.neededBytes ?? 0);
  const known = results.map((result) => result.memory).filter((figures) => figures.neededBytes !== null);
  const memory = known.reduce<MemoryFigures | null>(
    (least, figures) => (least === null || margin(figures) < margin(least) ? figures : least),
    null,
  );
  return { checks: results.map((result) => result.check), memory: memory ?? NO_FIGURES };
}

function memoryCheck(scene: CheckScene, picture: HostPicture): Readonly<{ check: PreflightCheck; memory: MemoryFigures }> {
  const { facts } = picture;
  if (facts === null || picture.containers === null) return { check: unknownCheck('memory', picture), memory: NO_FIGURES };
  if (scene.plan === null) {
    return {
      check: check('memory', picture.host, 'unknown', { detail: 'Without a command nobody can tell how much memory it needs.' }),
      memory: NO_FIGURES,
    };
  }
  const need = memoryNeed(scene.plan, facts.memTotalBytes, facts.weights?.complete === true ? facts.weights.bytes : null);
  const willStop = presentOn(picture).filter((container) => isAlive(container) && (container.identity !== null || scene.replaceUnmanaged));
  const returned = willStop.length === 0 ? 0 : comingBack(facts);
  const available = Math.min(facts.memTotalBytes, facts.memAvailableBytes + returned);
  return {
    check: verdict(picture, facts, need, available, returned),
    memory: { neededBytes: need.neededBytes, availableBytes: available, basis: 'estimated' },
  };
}

function verdict(picture: HostPicture, facts: HostFacts, need: MemoryNeed, available: number, returned: number): PreflightCheck {
  const { host } = picture;
  const measured = `${gib(available)} of ${gib(facts.memTotalBytes)}`;
  const after = returned === 0 ? '' : ` once the present model has given back about ${gib(returned)}`;
  const share = `--gpu-memory-utilization ${need.utilization} (${gib(need.reservedBytes)})`;
  if (need.neededBytes > facts.memTotalBytes) {
    const hint = 'Let it span more hosts (nodes), or choose a smaller or more strongly quantised model.';
    return check('memory', host, 'fail', {
      detail: `It needs about ${gib(need.neededBytes)} on ${host.name}, more than the whole memory.`,
      hint,
      measured,
    });
  }
  if (need.weightsBytes !== null && need.weightsBytes > need.reservedBytes) {
    const hint = `Raise --gpu-memory-utilization to at least ${upTo(need.weightsBytes / facts.memTotalBytes)}.`;
    return check('memory', host, 'warn', {
      detail: `Weights and overhead take about ${gib(need.weightsBytes)}, more than ${share}.`,
      hint,
      measured,
    });
  }
  if (available < need.reservedBytes) {
    // A share that does not even hold the weights would be advice that cannot work.
    const holdsWeights = need.weightsBytes === null || available >= need.weightsBytes;
    const lower = `Lower --gpu-memory-utilization to ${downTo(available / facts.memTotalBytes)}, or stop`;
    const hint = `${holdsWeights ? lower : 'Stop'} what else uses the memory of ${host.name}.`;
    return check('memory', host, 'warn', {
      detail: `About ${gib(available)} will be free${after}, less than ${share}; vLLM would refuse to start.`,
      hint,
      measured,
    });
  }
  const cacheInTheWay = available - facts.cachedBytes < need.reservedBytes;
  const hint = cacheInTheWay
    ? `${gib(facts.cachedBytes)} of it is page cache, which vLLM's start check counts as used. If the start is refused for memory, drop the page cache.`
    : null;
  return check('memory', host, 'pass', {
    detail: `About ${gib(available)} will be free${after}; it takes ${gib(need.neededBytes)}.`,
    hint,
    measured,
  });
}

/** What the processes of the present model hold, where the driver says so; else what is used beyond the system's own share. */
function comingBack(facts: HostFacts): number {
  const processes = (facts.gpu?.processes ?? []).filter((process) => /vllm|enginecore|ray::/i.test(process.name));
  const held = processes.reduce((sum, process) => sum + (process.usedBytes ?? 0), 0);
  return held > 0 ? held : Math.max(0, facts.memTotalBytes - facts.memAvailableBytes - SYSTEM_BYTES);
}

const upTo = (share: number): string => (Math.ceil(share * 100 - 1e-9) / 100).toFixed(2);
const downTo = (share: number): string => (Math.floor(Math.max(0, share) * 100 + 1e-9) / 100).toFixed(2);
