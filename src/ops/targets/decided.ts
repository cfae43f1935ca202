import type { Change, Origin } from '../../change/change.ts';
import type { Decision } from '../../change/policy/decide.ts';
import type { Live } from '../../change/remote/live.ts';
import { named } from '../../change/remote/named.ts';
import type { Desk } from './haproxy-desk.ts';

/** What the policy says of Changes. It knows things by their names, so that a number does not get past a rule. */
export async function decided(
  { gate }: Desk,
  live: Live,
  changes: readonly Change[],
  origin: Origin,
): Promise<Decision> {
  if (gate === null) return { kind: 'allow' };
  const all = await Promise.all(changes.map((change) => named(change, live)));
  return gate.decide(all, origin, new Date());
}
