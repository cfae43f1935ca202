import type { Model } from '../model.ts';
import type { LivePatterns } from './references.ts';

/** What a rehearsal has done to references, by their keys: values of each pattern that it has touched. */
export type SupposedPatterns = Map<string, Supposed>;

interface Supposed {
  readonly values: Map<string, readonly string[]>;
  /** Nothing counts but `values`. */
  cleared: boolean;
  /** Entries more than there are. */
  more: number;
}

/** The values of a pattern in force, in order; '' for each time where there are none. In a rehearsal, as its Changes would leave them. */
export function valuesOf({ supposed }: Model, live: LivePatterns, key: string): readonly string[] {
  const here = supposed?.patterns.get(live.config.key);
  const values = here?.values.get(key);
  if (values !== undefined) return values;
  return here?.cleared ? [] : [...live.store.withKey(live.store.current, key)].map((entry) => live.store.value(entry));
}

/** How many entries are in force, likewise. */
export function countOf({ supposed }: Model, live: LivePatterns): number {
  const here = supposed?.patterns.get(live.config.key);
  return (here?.cleared ? 0 : live.store.count(live.store.current)) + (here?.more ?? 0);
}

/** Supposes that a pattern has other values. Does nothing outside of a rehearsal. */
export function suppose(model: Model, live: LivePatterns, key: string, values: readonly string[]): void {
  const here = supposedOf(model, live);
  if (here === null) return;
  here.more += values.length - valuesOf(model, live, key).length;
  here.values.set(key, values);
}

/** Supposes that there are no others than these. */
export function supposeOnly(
  model: Model,
  live: LivePatterns,
  entries: Iterable<{ readonly key: string; readonly value: string }>,
): void {
  const here = supposedOf(model, live);
  if (here === null) return;
  here.cleared = true;
  here.more = 0;
  here.values.clear();
  for (const { key, value } of entries) suppose(model, live, key, [...valuesOf(model, live, key), value]);
}

function supposedOf({ supposed }: Model, { config: { key } }: LivePatterns): Supposed | null {
  if (supposed === undefined) return null;
  const here = supposed.patterns.get(key) ?? { values: new Map(), cleared: false, more: 0 };
  supposed.patterns.set(key, here);
  return here;
}
