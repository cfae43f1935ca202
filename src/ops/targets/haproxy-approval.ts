import type { Change } from '../../change/change.ts';
import { approved } from '../../change/policy/pending.ts';
import type { Live } from '../../change/remote/live.ts';
import { named } from '../../change/remote/named.ts';
import { previewRemote } from '../../change/remote/preview.ts';
import type { Applied, Meta } from '../target.ts';
import { decided } from './decided.ts';
import { deny, makeBatch } from './haproxy-batch.ts';
import { type Desk, originOf, refused } from './haproxy-desk.ts';
import { journalTrouble, recordAttempts } from './haproxy-record.ts';

/** Makes what somebody else asked for, if the policy lets this one agree to it: all at once (null), or one step of several. */
export async function approve(
  desk: Desk,
  live: Live,
  operation: string,
  step: readonly Change[] | null,
  meta: Meta,
): Promise<Applied> {
  const { gate, journal, target, keeper } = desk;
  if (gate === null) return refused('there is no policy, so nothing waits for approval');
  const approval = {
    ...{ target, operation, step, origin: originOf(desk, live, meta, 'runner') },
    byName: (change: Change) => named(change, live),
    recorded: (change: Change) => keeper.away(change),
  };
  const found = await approved(gate, journal, approval, Date.now());
  if (typeof found === 'string') return refused(found);
  const { origin } = found;
  const changes = await Promise.all(found.changes.map((change) => keeper.back(change)));
  const told = { operation, title: origin.title ?? operation, ...origin.term };
  return makeBatch(desk, live, { changes, meta: told, surface: origin.surface, origin });
}

/** Whether the policy lets all Changes of an operation of several steps be made; recorded as a request where a second person must agree. */
export async function permit(
  desk: Desk,
  live: Live,
  changes: readonly Change[],
  steps: number,
  meta: Meta,
): Promise<Applied> {
  const origin = { ...originOf(desk, live, meta, 'runner'), steps };
  const decision = await decided(desk, live, changes, origin);
  if (decision.kind === 'allow') return { ok: true, failedAt: -1, outcomes: [], text: '', lease: null };
  try {
    const attempts = await recordAttempts(desk, origin, await previewRemote(changes, live, false));
    return await deny(desk, attempts, decision.text);
  } catch (error) {
    return refused(`${decision.text}; it cannot be recorded: ${journalTrouble(error)}`);
  }
}
