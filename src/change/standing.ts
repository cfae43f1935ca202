import type { ServerConfig } from '../config/types.ts';
import { formatAddress } from '../control/address.ts';
import { AttributeSet } from './attribute-set.ts';
import type { Journal, Lease, Override, StateEffect } from './journal/journal.ts';

/** What stands over the configuration now: overrides, and the leases that end some of them. The journal keeps the same on disk. */
export interface Standing {
  /** Oldest first. */
  overrides(): Override[];
  override(key: string): Override | undefined;
  /** The attributes of an object that have one. */
  attributesOf(object: string): Pick<AttributeSet, 'size' | 'has'>;
  /** The one that ends next comes first. */
  leases(): Lease[];
  lease(id: string): Lease | undefined;
  /** Takes over what the journal was told. */
  commit(effects: readonly StateEffect[]): void;
}

/** Target under which the journal keeps what belongs to this process. */
export const HERE = '';

const NONE = new AttributeSet();

/** Nothing stands yet. */
export function noneStanding(): Standing {
  const overrides = new Map<string, Override>();
  const attributes = new Map<string, AttributeSet>();
  const put = (key: string, override: Override | null) => {
    const before = overrides.get(key);
    if (before) attributes.get(before.object)!.delete(before.attribute);
    if (override) {
      overrides.set(key, override);
      const known = attributes.get(override.object) ?? new AttributeSet();
      known.add(override.attribute);
      attributes.set(override.object, known);
    } else overrides.delete(key);
    if (before && attributes.get(before.object)!.size === 0) attributes.delete(before.object);
  };
  const leases = new Map<string, Lease>();
  return {
    overrides: () => [...overrides.values()].sort((a, b) => a.date - b.date),
    override: (key) => overrides.get(key),
    attributesOf: (object) => attributes.get(object) ?? NONE,
    leases: () => [...leases.values()].sort((a, b) => a.until - b.until),
    lease: (id) => leases.get(id),
    commit(effects) {
      for (const effect of effects) {
        if ('put' in effect) {
          if (effect.put === 'override') put(effect.override.key, effect.override);
          else leases.set(effect.lease.id, effect.lease);
        } else if (effect.drop === 'override') put(effect.key, null);
        else leases.delete(effect.id);
      }
    },
  };
}

/** What a journal has from before. Rejects with JournalError. */
export async function standingOf(journal: Journal): Promise<Standing> {
  const standing = noneStanding();
  const [overrides, leases] = await Promise.all([journal.overrides(HERE), journal.leases(HERE)]);
  standing.commit(puts(overrides, leases));
  return standing;
}

/** Makes `standing` the same as another. */
export function replaceStanding(standing: Standing, by: Standing): void {
  standing.commit([
    ...standing.overrides().map(({ target, key }) => ({ drop: 'override' as const, target, key })),
    ...standing.leases().map(({ target, id }) => ({ drop: 'lease' as const, target, id })),
    ...puts(by.overrides(), by.leases()),
  ]);
}

function puts(overrides: readonly Override[], leases: readonly Lease[]): StateEffect[] {
  return [
    ...overrides.map((override) => ({ put: 'override' as const, override })),
    ...leases.map((lease) => ({ put: 'lease' as const, lease })),
  ];
}

/** Whether an operator has deleted a server that the configuration has, on the line that it had then. */
export function isDeleted(backend: string, server: ServerConfig, standing: Standing): boolean {
  const override = standing.override(`server ${backend}/${server.name} presence`);
  return override?.change.kind === 'server.del' && override.file === formatAddress(server.address);
}
