import { patternTrouble } from '../../../control/patterns/trouble.ts';
import type { Model } from '../../../model/model.ts';
import type { LivePatterns } from '../../../model/patterns/references.ts';
import type { Change } from '../../change.ts';
import { type ChangeContext, type Problem, problem } from '../../context.ts';
import { memoryOnlyText } from '../../memory-only.ts';

/** Overrides of one map or ACL, at most: it may get millions of keys. */
export const MOST_OF_ONE = 10_000;

/** Changes of maps and ACLs. */
export type PatternChange = Extract<Change, { readonly kind: `map.${string}` | `acl.${string}` }>;

export function isPatternChange(change: Change): change is PatternChange {
  return 'map' in change || 'acl' in change;
}

/** A map or an ACL, and how operators named it. */
export interface Subject {
  readonly kind: 'map' | 'acl';
  readonly name: string;
}

/** What a Change is made to. */
export function subjectOf(change: PatternChange): Subject {
  return 'map' in change ? { kind: 'map', name: change.map } : { kind: 'acl', name: change.acl };
}

/** The reference that a Change names, or null. */
export function findPatterns(change: PatternChange, { patterns }: Model): LivePatterns | null {
  const { kind, name } = subjectOf(change);
  return patterns.find(kind, name);
}

/** The reference of a Change that has been found fit. */
export function patternsOf(change: PatternChange, { model }: ChangeContext): LivePatterns {
  return findPatterns(change, model)!;
}

/** What operators are told of edits that a restart forgets; nothing for others. */
export function inMemoryOnly(change: PatternChange, { model, standing }: ChangeContext): readonly string[] {
  const live = findPatterns(change, model);
  if (live === null || ('version' in change && change.version !== undefined)) return [];
  if (live.config.name === '') return [memoryOnlyText('it stands in the configuration itself')];
  if (live.base === 'many') return [memoryOnlyText('its entries were replaced by too many to be kept')];
  return standing.attributesOf(live.config.name).size < MOST_OF_ONE
    ? []
    : [memoryOnlyText(`it has ${MOST_OF_ONE} edits already`)];
}

/** That there is no such map or ACL. */
export function unknownPatterns(kind: 'map' | 'acl'): Problem {
  return problem(`Unknown ${kind === 'map' ? 'map' : 'ACL'} identifier. Please use #<id> or <file>.`);
}

const NOT_ONE_LINE = /[\0\r\n]/;

/** Why patterns cannot be added: the first that is wrong; null when none is. */
export function unfitEntry(
  live: LivePatterns,
  entries: Iterable<readonly [key: string, value: string]>,
): string | null {
  for (const [key, value] of entries) {
    if (key === '') return 'a pattern is not empty';
    if (NOT_ONE_LINE.test(key) || NOT_ONE_LINE.test(value)) return `a pattern is one line: ${JSON.stringify(key)}`;
    for (const use of live.config.uses) {
      const trouble = patternTrouble(use, key, value, live.config.addresses);
      if (trouble !== null) return trouble;
    }
  }
  return null;
}

/** Number of an entry as `show map` prints it. */
const BASE = 0x100000000000;

/** How an entry is called in listings. */
export function pointerOf(entry: number): string {
  return `0x${(BASE + entry * 4).toString(16)}`;
}

/** The entry in force that has this pointer; 0 when there is none. */
export function entryOf({ store }: LivePatterns, pointer: string): number {
  const entry = /^0x[0-9a-f]{1,13}$/i.test(pointer) ? (Number(pointer) - BASE) / 4 : 0;
  return Number.isSafeInteger(entry) && entry > 0 && store.isEntry(store.current, entry) ? entry : 0;
}
