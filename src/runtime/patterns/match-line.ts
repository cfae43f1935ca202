import type { PatternReferenceConfig } from '../../config/types.ts';
import { findMatchMethod } from '../../expr/acl/match.ts';
import { matchingEntry } from '../../expr/acl/match-source.ts';
import { castBetween, typeOfValue } from '../../expr/sample.ts';
import type { SampleValue } from '../../expr/types.ts';
import type { LivePatterns } from '../../model/patterns/references.ts';

type Use = PatternReferenceConfig['uses'][number];

/** What `get map` and `get acl` tell of one way of looking a text up. */
export function matchLine(kind: 'map' | 'acl', live: LivePatterns, use: Use, text: string): string {
  const method = findMatchMethod(use.match);
  const cast = method === null ? null : castBetween('str', method.type);
  const value = cast === null ? text : cast?.(text);
  const entry = value === undefined ? 0 : matchingEntry(live.lookup, use.match, use.ignoreCase, value);
  const head = `type=${use.match}, case=${use.ignoreCase ? 'insensitive' : 'sensitive'}`;
  const word = kind === 'map' ? 'found' : 'match';
  if (entry === 0) return `${head}, ${word}=no`;
  const key = live.lookup.key(entry);
  const found = `${head}, ${word}=yes, idx=${indexOf(use, key)}`;
  if (kind === 'acl') return `${found}, pattern="${key}"`;
  if (use.values === null) return `${found}, key="${key}", value=none`;
  const stored = live.lookup.value(entry);
  return `${found}, key="${key}", value="${stored}", type="${typeName(use.values, stored)}"`;
}

function typeName(values: NonNullable<Use['values']>, stored: string): string {
  return typeOfValue(stored as SampleValue, values);
}

/** How HAProxy would have found it. */
function indexOf({ match, ignoreCase }: Use, key: string): 'tree' | 'list' {
  if (match === 'ip') return isPlainNetwork(key) ? 'tree' : 'list';
  return (match === 'str' || match === 'beg') && !ignoreCase ? 'tree' : 'list';
}

/** Whether the mask is ones and then zeros. */
function isPlainNetwork(key: string): boolean {
  const mask = key.split('/')[1];
  if (mask === undefined || !mask.includes('.')) return true;
  const bits = mask.split('.').map((part) => Number(part).toString(2).padStart(8, '0'));
  return /^1*0*$/.test(bits.join(''));
}
