import type { Override } from '../../change/journal/journal.ts';
import type { HaproxyTarget } from '../targets/haproxy.ts';

/** Entries that are looked at: each costs a command. */
const MOST = 100;

/**
 * Overrides of entries of stick tables that are not there any more: they have expired, or somebody has cleared them, and must not come back after a
 * restart. Of many a part is looked at, another one each time. `until`: younger overrides are not looked at (ms).
 */
export async function entriesGone(target: HaproxyTarget, until: number): Promise<readonly Override[]> {
  const all = (await target.ledger.overrides()).filter(
    ({ change, date }) => change.kind === 'table.set' && date < until,
  );
  const from = all.length <= MOST ? 0 : Math.floor(Math.random() * all.length);
  const gone: Override[] = [];
  for (const override of [...all, ...all].slice(from, from + Math.min(MOST, all.length)))
    if ((await target.preview([override.change]))[0]!.before === '(absent)') gone.push(override);
  return gone;
}
