import { setTimeout as sleep } from 'node:timers/promises';
import type { Journal, Override } from '../../change/journal/journal.ts';
import { newOperationId } from '../../change/operation-id.ts';
import { addressText, parseAddress } from '../../client/address.ts';
import { connectTarget } from '../connect-target.ts';
import type { ProcessState, TargetState } from '../state.ts';
import { type HaproxyTarget, openHaproxy } from '../targets/haproxy.ts';
import { openRunnerJournal, ownActor } from '../targets/open-haproxy.ts';
import { entriesGone } from './entries-gone.ts';
import type { AgentEmit } from './events.ts';
import { holdAgentLock } from './lock.ts';
import { reapply } from './reapply.ts';
import { recordDrift, type Unexplained, unexplained } from './record-drift.ts';
import { isRestarted } from './restarted.ts';
import { storesDrifted } from './stores-drifted.ts';

/** What an agent looks after. */
export interface AgentOptions {
  /** The load balancer, as it is reached. */
  readonly target: string;
  readonly stateDir: string;
  /** ms between two looks. */
  readonly every: number;
  readonly emit: AgentEmit;
  readonly signal: AbortSignal;
}

/** Longest pause while the target does not answer, ms. */
const LONGEST_PAUSE = 30_000;
/** Clocks of those who write the journal may differ a little from the time of a look, ms. */
const MARGIN = 1000;

/** What was seen at the last look. */
interface Seen {
  readonly state: TargetState;
  readonly at: number;
}

/**
 * Looks after one HAProxy until the signal: keeps overrides through its reloads and restarts, takes operations back when their time is over,
 * and records what is changed behind the journal's back. Rejects when another agent does so already, or the journal cannot be opened.
 */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { stateDir, every, emit, signal } = options;
  const target = addressText(parseAddress(options.target));
  const journal = openRunnerJournal(stateDir);
  const free = holdAgentLock(stateDir, target);
  let seen: Seen | null = null;
  let failures = 0;
  try {
    while (!signal.aborted) {
      try {
        seen = await look({ ...options, target }, journal, seen);
        failures = 0;
      } catch (error) {
        if (failures++ === 0) emit({ event: 'silent', target, text: (error as Error).message });
      }
      const pause = failures === 0 ? every : Math.min(LONGEST_PAUSE, every * 2 ** Math.min(failures, 10));
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    free();
    await journal.close();
  }
}

/** One look, on a connection of its own: one that stays open would stay with the old process after a reload. */
async function look(options: AgentOptions, journal: Journal, seen: Seen | null): Promise<Seen> {
  const { target: address, stateDir: folder, emit } = options;
  const client = await connectTarget(address);
  try {
    if (client.product === 'sluice') throw new Error('it is a Sluice, which keeps its overrides itself');
    const actor = ownActor();
    const target = await openHaproxy({ name: address, address, client, journal, actor, folder, surface: 'agent' });
    const at = Date.now();
    const state = await target.state();
    if (state.info.stopping) throw new Error(`process ${state.info.pid} is stopping`);
    const fresh = seen === null || isRestarted(seen.state.info, state.info, at - seen.at);
    if (fresh) await begin(target, journal, state.info, seen === null, emit);
    else {
      await drifted(target, journal, seen!, state, emit);
      for (const { override, after } of await storesDrifted(target, journal, seen!.at - MARGIN, emit))
        await drop(target, journal, override, `somebody else set it to ${after} on a socket`, emit);
      for (const override of await entriesGone(target, seen!.at - MARGIN))
        await drop(target, journal, override, 'the entry is gone: it has expired, or was cleared', emit);
    }
    await endLeases(target, emit);
    // What was done here is no drift.
    return fresh ? { state: await target.state(), at } : { state, at };
  } finally {
    client.close();
  }
}

/** Another process than the last time, or the first look of all. */
async function begin(
  target: HaproxyTarget,
  journal: Journal,
  { version, pid }: ProcessState,
  isFirst: boolean,
  emit: AgentEmit,
): Promise<void> {
  emit({ event: isFirst ? 'watch' : 'restart', target: target.name, version, pid });
  await reapply(target, (override, why) => drop(target, journal, override, why, emit), emit);
}

async function drop(
  target: HaproxyTarget,
  journal: Journal,
  override: Override,
  text: string,
  emit: AgentEmit,
): Promise<void> {
  const { object, attribute, value, key } = override;
  await journal.outcome([], [{ drop: 'override', target: target.name, key }]);
  emit({ event: 'conflict', target: target.name, object, attribute, value, text });
}

/** Records what somebody else changed since the last look. An override of the same thing ends: the newer word counts. */
async function drifted(
  target: HaproxyTarget,
  journal: Journal,
  seen: Seen,
  state: TargetState,
  emit: AgentEmit,
): Promise<void> {
  const made = await journal.entries({ target: target.name, answered: false, since: seen.at - MARGIN });
  const drifts = unexplained(seen.state, state, made);
  if (drifts.length === 0) return;
  await recordDrift(journal, target.name, target.name, drifts);
  const overrides = await target.ledger.overrides();
  for (const drift of drifts) {
    const { object, attribute, before, after } = drift;
    emit({ event: 'drift', target: target.name, object, attribute, before, after });
    const over = overrides.find((override) => isAbout(override, drift));
    if (over && over.value !== after)
      await drop(target, journal, over, `somebody else set it to ${after} on a socket`, emit);
  }
}

function isAbout({ object, change }: Override, drift: Unexplained): boolean {
  return object === drift.object && change.kind === drift.change?.kind;
}

async function endLeases(target: HaproxyTarget, emit: AgentEmit): Promise<void> {
  for (const lease of await target.dueLeases(Date.now())) {
    const title = lease.origin.title ?? lease.id;
    const meta = { operation: newOperationId(), title: `end of ${title}`, undoes: lease.id };
    const { ok, outcomes, failedAt, text } = await target.takeBack(lease, meta);
    const why = ok ? text : outcomes[failedAt]?.text || text;
    emit({ event: 'lease', target: target.name, operation: lease.id, title, ok, text: why });
  }
}
