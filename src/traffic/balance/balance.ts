import type { BalanceConfig } from '../../config/types.ts';
import { ConsistentHash, RandomDraws } from './consistent.ts';
import { First } from './first.ts';
import { LeastConn } from './leastconn.ts';
import { MapHash, StaticRoundRobin } from './map.ts';
import { RoundRobin } from './roundrobin.ts';
import { SharedTurn, type Turns } from './shared-turn.ts';
import { Sticky } from './sticky.ts';
import type { Balancer, Preserve, Target } from './types.ts';

export interface BalancerSettings {
  readonly balance: BalanceConfig;
  /** `option allbackups`. */
  readonly allBackups: boolean;
  /** `hash-preserve-affinity`. */
  readonly preserve: Preserve;
  /** Other threads send traffic to the same servers. */
  readonly shared: boolean;
  /** Count of round robin turns; used when `shared`. */
  readonly turns?: Turns;
  /** For `random`: 32 bits, not 0. */
  readonly seed: number;
  /** Streams now served by all servers of the backend, over all threads; for `hash-balance-factor`. */
  readonly served: () => number;
}

/** A balancer for a backend, without servers: `update` gives it them. One for each traffic thread. */
export function createBalancer<T extends Target>(settings: BalancerSettings): Balancer<T> {
  const { balance, allBackups, preserve } = settings;
  const turns = settings.shared ? (settings.turns ?? null) : null;
  switch (balance.algorithm) {
    case 'roundrobin':
      return new RoundRobin(allBackups, turns === null ? null : new SharedTurn<T>(turns));
    case 'static-rr':
      return new StaticRoundRobin(allBackups, turns);
    case 'leastconn':
      return new LeastConn(allBackups, settings.shared);
    case 'first':
      return new First(allBackups);
    case 'random':
      return new RandomDraws(allBackups, Number(balance.args[0] ?? 2), settings.seed);
    case 'sticky':
      return new Sticky(allBackups);
    default:
      return balance.hashType === 'consistent'
        ? new ConsistentHash(allBackups, preserve, balance.hashBalanceFactor, settings.served)
        : new MapHash(allBackups, preserve, turns);
  }
}
