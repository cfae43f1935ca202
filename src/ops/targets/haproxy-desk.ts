import type { Actor, Origin } from '../../change/change.ts';
import type { Journal } from '../../change/journal/journal.ts';
import type { Keeper } from '../../change/journal/keeper.ts';
import type { Gate } from '../../change/policy/gate.ts';
import { type Live, openLive } from '../../change/remote/live.ts';
import type { Wire } from '../../change/remote/wire.ts';
import type { Applied, Meta } from '../target.ts';
import { lockTarget } from './target-lock.ts';

/** What working on one HAProxy needs. */
export interface Desk {
  readonly target: string;
  /** The socket, as messages name it; the same for all names of the target, for it is what is locked. */
  readonly address: string;
  readonly wire: Wire;
  readonly journal: Journal;
  readonly keeper: Keeper;
  /** Folder of the runner's state; locks are in it. */
  readonly folder: string;
  readonly actor: Actor;
  /** What people may do, where a policy says so. */
  readonly gate: Gate | null;
}

/** Holds the target against other runners while `work` is done on its live state. A target that is held, or a journal in trouble, is a refusal. */
export async function alone(desk: Desk, work: (live: Live) => Promise<Applied>): Promise<Applied> {
  if (desk.journal.trouble !== null)
    return refused(`nothing can be recorded, so nothing is changed: ${desk.journal.trouble}`);
  let free: () => void;
  try {
    free = await lockTarget(desk.folder, desk.address);
  } catch (error) {
    return refused((error as Error).message);
  }
  try {
    return await work(await openLive(desk.wire));
  } finally {
    free();
  }
}

/** Nothing was tried, and no Change is at fault. */
export function refused(text: string): Applied {
  return { ok: false, failedAt: -1, outcomes: [], text, lease: null };
}

/** Who makes Changes, as it is recorded. */
export function originOf(desk: Desk, live: Live, meta: Meta, surface: string): Origin {
  const { reason, ticket, undoes, force, for: time, confirmWithin } = meta;
  return {
    surface,
    from: desk.address,
    level: live.level,
    actor: desk.actor,
    operation: meta.operation,
    title: meta.title,
    ...(reason === undefined ? {} : { reason }),
    ...(ticket === undefined ? {} : { ticket }),
    ...(undoes === undefined ? {} : { undoes }),
    ...(force ? { force } : {}),
    ...(time === undefined ? {} : { term: { for: time } }),
    ...(confirmWithin === undefined ? {} : { term: { confirmWithin } }),
  };
}
