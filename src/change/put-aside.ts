import type { Change } from './change.ts';
import type { StateEffect } from './journal/journal.ts';
import type { Keeper } from './journal/keeper.ts';
import type { Standing } from './standing.ts';

/** What is to stand, with its keys put aside: on disk when it resolves. Rejects with the system's error. */
export async function putAside(effects: readonly StateEffect[], keeper: Keeper): Promise<StateEffect[]> {
  const aside: StateEffect[] = [];
  for (const effect of effects) {
    if (!('put' in effect)) aside.push(effect);
    else if (effect.put === 'override') {
      const { override } = effect;
      aside.push({ put: 'override', override: { ...override, change: await keeper.away(override.change) } });
    } else {
      const steps = [];
      for (const { change, after, inverse } of effect.lease.steps)
        steps.push({ change: await keeper.away(change), after, inverse: await keeper.away(inverse) });
      aside.push({ put: 'lease', lease: { ...effect.lease, steps } });
    }
  }
  return aside;
}

/** Forgets keys that nothing that stands refers to, once what was said of it is recorded. That it cannot be done hinders nobody. */
export async function forgetUnused(effects: readonly StateEffect[], standing: Standing, keeper: Keeper): Promise<void> {
  if (effects.some(mayHaveKeys)) await forgetAllUnused(standing, keeper);
}

/** The same, whatever has changed. */
export async function forgetAllUnused(standing: Standing, keeper: Keeper): Promise<void> {
  await keeper.sweep(() => changesOf(standing)).catch(() => undefined);
}

function mayHaveKeys(effect: StateEffect): boolean {
  if ('put' in effect ? effect.put === 'lease' : effect.drop === 'lease') return true;
  const key =
    'put' in effect ? effect.put === 'override' && effect.override.key : effect.drop === 'override' && effect.key;
  return typeof key === 'string' && /^(cert|ticket-key) /.test(key);
}

function* changesOf(standing: Standing): Generator<Change> {
  for (const { change } of standing.overrides()) yield change;
  for (const { steps } of standing.leases())
    for (const { change, inverse } of steps) {
      yield change;
      yield inverse;
    }
}
