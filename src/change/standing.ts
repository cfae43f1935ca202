import type { ServerConfig } from '../config/types.ts';
import { formatAddress } from '../control/address.ts';
import type { Lease, Override, StateEffect } from './journal/journal.ts';

/** What stands over the configuration now: overrides, and the leases that end some of them. The journal keeps the same on disk. */
export interface Standing {
  /** Oldest first. */
  overrides(): Override[];
  override(key: string): Override | undefined;
  /** The one that ends next comes first. */
  leases(): Lease[];
  lease(id: string): Lease | undefined;
  /** Takes over what the journal was told. */
  commit(effects: readonly StateEffect[]): void;
}

/** Target under which the journal keeps what belongs to this process. */
export const HERE = '';

/** Nothing stands yet. */
export function noneStanding(): Standing {
  const overrides = new Map<string, Override>();
  const leases = new Map<string, Lease>();
  return {
    overrides: () => [...overrides.values()].sort((a, b) => a.date - b.date),
    override: (key) => overrides.get(key),
    leases: () => [...leases.values()].sort((a, b) => a.until - b.until),
    lease: (id) => leases.get(id),
    commit(effects) {
      for (const effect of effects) {
        if ('put' in effect) {
          if (effect.put === 'override') overrides.set(effect.override.key, effect.override);
          else leases.set(effect.lease.id, effect.lease);
        } else if (effect.drop === 'override') overrides.delete(effect.key);
        else leases.delete(effect.id);
      }
    },
  };
}

/** Where overrides and leases are kept: a journal, or one that is only read. */
export interface Kept {
  overrides(target: string): readonly Override[] | Promise<readonly Override[]>;
  leases(target: string): readonly Lease[] | Promise<readonly Lease[]>;
}

/** What a journal has from before. Rejects with JournalError. */
export async function standingOf(journal: Kept): Promise<Standing> {
  const standing = noneStanding();
  const [overrides, leases] = [await journal.overrides(HERE), await journal.leases(HERE)];
  standing.commit([
    ...overrides.map((override) => ({ put: 'override' as const, override })),
    ...leases.map((lease) => ({ put: 'lease' as const, lease })),
  ]);
  return standing;
}

/** Whether an operator has deleted a server that the configuration has, on the line that it had then. */
export function isDeleted(backend: string, server: ServerConfig, standing: Standing): boolean {
  const override = standing.override(`server ${backend}/${server.name} presence`);
  return override?.change.kind === 'server.del' && override.file === formatAddress(server.address);
}
