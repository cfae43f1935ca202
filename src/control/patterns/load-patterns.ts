import type { Model } from '../../model/model.ts';
import type { Threads } from '../threads.ts';

/** Fills the patterns of the configuration, before any thread is there to read them. */
export async function loadPatterns({ patterns, config, threads }: Model, traffic: Threads): Promise<void> {
  patterns.follow({
    announce: (chunk) => traffic.ask({ kind: 'pattern-chunk', chunk }).catch(() => undefined),
    turn: () => traffic.ask({ kind: 'turn' }),
    threads,
  });
  (await patterns.stage(config.patterns ?? [])).commit();
}
