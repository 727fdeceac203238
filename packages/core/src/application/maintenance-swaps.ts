import { type ErrorCode, SparkError } from '../errors.ts';
import type { ModelKey } from '../ids.ts';
import type { Claim } from '../launch/launch-plan.ts';
import type { Operation } from '../operation/operation.ts';
import { isSettled, type Swap } from '../swap/swap.ts';
import { awaitSwap } from './await-swap.ts';
import type { SwapDecision } from './core-api.ts';
import type { MaintenanceDeps } from './maintenance-api.ts';
import type { MaintenanceInput } from './maintenance-input.ts';

/** Swaps of one operation have to be among so many of its cluster's last ones: nobody else swaps while it has the lock. */
const LOOKED_AT = 50;

/**
 * The swaps around a maintenance: unload before, load again after. They run under the operation's lock.
 *
 * The unload is also what claims the cluster's fence on all its hosts, and is forced so that it does so when nothing is loaded. Its claim is the operation's
 * claim: updates and reboots begin only while the host's fence file still holds it. So a control plane that was paused in between does not reboot a host on
 * which somebody else has started a model since, and two of them never work on one host at a time. No claim of the operation's own is made: a claim has to be
 * of a swap that is in the journal, or the next start would take the store for a restored one.
 */
export class MaintenanceSwaps {
  readonly #deps: MaintenanceDeps;
  readonly #operation: Operation;
  readonly #input: MaintenanceInput;

  constructor(deps: MaintenanceDeps, operation: Operation, input: MaintenanceInput) {
    this.#deps = deps;
    this.#operation = operation;
    this.#input = input;
  }

  /** The unload that this operation has begun, in whichever process. */
  async unloadBegun(): Promise<Swap | null> {
    return await this.#find(null);
  }

  /** Unloads, or goes on waiting for the unload that was begun. */
  async unload(lockId: string | null, signal: AbortSignal): Promise<Swap> {
    return await this.#run(null, lockId, signal);
  }

  async load(model: ModelKey, lockId: string | null, signal: AbortSignal): Promise<Swap> {
    return await this.#run(model, lockId, signal);
  }

  /**
   * What the unload claimed on the hosts. One that failed may have raised its claim since, for the way back: then the hosts are asked.
   * Rejects FENCED_OFF when somebody else has claimed them, HOST_UNREACHABLE, and with its cause when it never came to claim anything.
   */
  async claimOf(unload: Swap, signal: AbortSignal): Promise<Claim> {
    const { cluster, fence, id: swap, phase } = unload;
    if (fence === null) throw causeOf(unload);
    const claim: Claim = { cluster, fence, controller: this.#deps.controllerId, swap };
    return phase === 'ready' ? claim : await this.#deps.fenceOf(cluster).claim(swap, fence, signal, claim);
  }

  async #run(model: ModelKey | null, lockId: string | null, signal: AbortSignal): Promise<Swap> {
    const { core, clock } = this.#deps;
    const begun = (await this.#find(model)) ?? (await this.#request(model, lockId));
    if (isSettled(begun)) return begun;
    const settled = await awaitSwap(core, clock, begun.id, signal);
    if (settled !== null) return settled;
    throw new SparkError('SWAP_NOT_FOUND', `Swap ${begun.id} is not known any more; what became of it is not known.`);
  }

  async #find(model: ModelKey | null): Promise<Swap | null> {
    const { core } = this.#deps;
    const swaps = await core.swaps({ cluster: this.#input.cluster, limit: LOOKED_AT });
    return swaps.find(({ reason, target }) => reason === this.#reason && target === model) ?? null;
  }

  async #request(model: ModelKey | null, lockId: string | null): Promise<Swap> {
    const { cluster, drainSeconds, requestedBy } = this.#input;
    const isUnload = model === null;
    const decision = await this.#deps.core.requestSwap({
      cluster,
      model,
      requestedBy,
      reason: this.#reason,
      options: { drainSeconds, rollback: false, forceRestart: isUnload, replaceUnmanaged: false, queueSeconds: 0 },
      onBusy: 'reject',
      lockId,
    });
    return swapOf(decision);
  }

  get #reason(): string {
    return `${this.#operation.kind === 'host_reboot' ? 'Reboot' : 'Update'} of ${this.#operation.subject} (${this.#operation.id})`;
  }
}

/** Why a swap did not end well, as an error. */
export function causeOf({ id, phase, cause }: Swap): SparkError {
  if (cause === null) return new SparkError(phase === 'cancelled' ? 'CANCELLED' : 'INTERNAL', `Swap ${id} ended as ${phase}.`);
  return new SparkError(cause.code, `Swap ${id} ended as ${phase}: ${cause.message}`, {
    details: cause.hint === null ? {} : { hint: cause.hint },
  });
}

function swapOf(decision: SwapDecision): Swap {
  const refused = (code: ErrorCode, detail: string): SparkError => new SparkError(code, detail);
  switch (decision.kind) {
    case 'started':
    case 'queued':
    case 'noop':
      return decision.swap;
    case 'busy':
      throw refused('SWAP_IN_PROGRESS', `Swap ${decision.swapId} runs on the cluster.`);
    case 'locked':
      throw refused('LOCKED', `${decision.lock.holder} has the lock of the cluster.`);
    case 'unmanaged':
      throw refused('UNMANAGED_MODEL', decision.detail);
    case 'lock_expired':
      throw refused('LOCK_EXPIRED', decision.detail);
    case 'fenced_off':
      throw refused('FENCED_OFF', decision.detail);
    case 'preflight_failed':
      throw refused('PREFLIGHT_FAILED', decision.issues.map(({ message }) => message).join(' '));
    default:
      return decision satisfies never;
  }
}
