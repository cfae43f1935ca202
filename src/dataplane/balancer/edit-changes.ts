import type { Change } from '../../change/change.ts';
import { planChanges } from '../../config/diff/plan-changes.ts';
import type { Documents } from '../edit/sections.ts';

/** What an edit of the files comes to, as a policy judges it: Changes, and a reload where these are not all of it. */
export function editChanges(before: Documents, after: Documents, on: 'sluice' | 'haproxy'): readonly Change[] {
  const { changes, effect } = planChanges(before, after, { on });
  return effect === 'live' || effect === 'none' ? changes : [...changes, { kind: 'config.reload' }];
}
