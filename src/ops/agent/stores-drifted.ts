import type { Change } from '../../change/change.ts';
import type { Journal, Override } from '../../change/journal/journal.ts';
import type { HaproxyTarget } from '../targets/haproxy.ts';
import type { AgentEmit } from './events.ts';
import { recordDrift } from './record-drift.ts';

/** Overrides that are looked at, the newest: each costs a command. */
const MOST = 100;
const ABSENT = '(absent)';

/**
 * Finds keys of maps and ACLs, and certificates, that somebody else has set otherwise than an override says, and records that. `until`: younger
 * overrides are not looked at (ms).
 */
export async function storesDrifted(
  target: HaproxyTarget,
  journal: Journal,
  until: number,
  emit: AgentEmit,
): Promise<readonly { readonly override: Override; readonly after: string }[]> {
  const overrides = (await target.ledger.overrides()).filter((one) => isSingle(one) && one.date < until);
  const found: { override: Override; after: string }[] = [];
  for (const override of overrides.slice(-MOST)) {
    const after = (await target.preview([override.change]))[0]!.before;
    if (after === '' || after === override.value) continue;
    // A runner may have set it meanwhile.
    const now = (await target.ledger.overrides()).find((one) => one.key === override.key);
    if (now?.value === override.value) found.push({ override, after });
  }
  if (found.length === 0) return found;
  const drifts = found.map(({ override: { object, attribute, value, change }, after }) => ({
    ...{ object, attribute, before: value, after },
    change: setTo(change, value, after),
    inverse: setTo(change, after, value),
  }));
  await recordDrift(journal, target.name, target.name, drifts);
  for (const { object, attribute, before, after } of drifts)
    emit({ event: 'drift', target: target.name, object, attribute, before, after });
  return found;
}

/** What is set for itself: not the whole of a map. */
function isSingle({ change, attribute }: Override): boolean {
  return change.kind.startsWith('cert.') || (/^(map|acl)\./.test(change.kind) && attribute.startsWith('key '));
}

/** The Change that makes one value of a key of another; null for certificates, whose content nobody has told. */
function setTo(change: Change, from: string, to: string): Change | null {
  if ('pattern' in change)
    return { kind: to === 'present' ? 'acl.add' : 'acl.del', acl: change.acl, pattern: change.pattern };
  if (!('map' in change && 'key' in change)) return null;
  const { map, key } = change;
  if (to === ABSENT) return { kind: 'map.del', map, key };
  return { kind: from === ABSENT ? 'map.add' : 'map.set', map, key, value: to };
}
