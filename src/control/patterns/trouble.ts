import type { PatternReferenceConfig } from '../../config/types.ts';
import { patternProblem } from '../../expr/acl/match.ts';
import { mapValueProblem } from '../../expr/converters/maps.ts';
import { addressOf, MAX_ENTRY_BYTES } from '../../model/patterns/store.ts';

/** Why a key with its value cannot be looked up in a way, or null. `addresses`: what host names stand for. */
export function patternTrouble(
  { match, ignoreCase, values }: PatternReferenceConfig['uses'][number],
  key: string,
  value: string,
  addresses: PatternReferenceConfig['addresses'] = {},
): string | null {
  if (key.length + value.length > MAX_ENTRY_BYTES) return `a pattern has at most ${MAX_ENTRY_BYTES} bytes`;
  const problem = values === null ? null : mapValueProblem(values, value);
  return problem ?? patternProblem(match, (match === 'ip' && addressOf(addresses, key)) || key, ignoreCase);
}
