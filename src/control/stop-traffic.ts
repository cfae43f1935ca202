import type { Model } from '../model/model.ts';
import { closeKept } from './kept-sockets.ts';
import type { Threads } from './threads.ts';

/** Ends what the traffic threads do: at once, or, softly, listening only. Sockets of listeners that nobody serves are closed, too. */
export async function stopTraffic({ proxies }: Model, traffic: Threads, soft: boolean): Promise<void> {
  await traffic.ask({ kind: 'stop', soft });
  for (const { listeners } of proxies) for (const listener of listeners) closeKept(listener);
}
