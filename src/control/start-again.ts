import type { Model } from '../model/model.ts';
import { restoreListeners } from './listeners.ts';
import { recount } from './recount.ts';
import type { Threads } from './threads.ts';
import type { Print } from './types.ts';

/** A thread was replaced: the new one listens as the old one did, or ends as all do. Rejects when it does not answer. */
export async function startAgain(
  { model, traffic }: { readonly model: Model; readonly traffic: Threads },
  thread: number,
  print: Print,
): Promise<void> {
  await Promise.all([recount(traffic, model.counters), listenAgain(model, traffic, thread, print)]);
}

async function listenAgain(model: Model, traffic: Threads, thread: number, print: Print): Promise<void> {
  if (model.stopping) {
    await traffic.askOne(thread, { kind: 'stop', soft: true });
    return;
  }
  for (const reason of await restoreListeners(traffic, model, thread))
    print('ALERT', `traffic thread ${thread} does not listen for ${reason}`);
}
