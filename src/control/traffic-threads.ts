import type { TrafficEvent } from '../model/messages.ts';
import type { Model } from '../model/model.ts';
import { startAgain } from './start-again.ts';
import { threadInit } from './thread-init.ts';
import { type ThreadStart, Threads } from './threads.ts';
import type { Print } from './types.ts';

/** What the threads of a model need of its control thread. */
export interface ThreadsOwner {
  readonly model: Model;
  readonly print: Print;
  /** How threads start now. */
  start(): Pick<ThreadStart, 'chroot' | 'holding' | 'uring'>;
  onEvent(thread: number, event: TrafficEvent): void;
  onError(error: unknown): void;
}

/** The traffic threads of a model, not started; those that are lost are told of and replaced. */
export function trafficThreads({ model, print, start, onEvent, onError }: ThreadsOwner): Threads {
  const threads = new Threads(model.threads, {
    init: (thread) => threadInit(model, thread, start()),
    onEvent,
    onLost(thread, why) {
      model.tables.lost(thread);
      print('ALERT', `traffic thread ${thread} was lost: ${why}`);
    },
    onReplaced(thread) {
      model.patterns.released(thread, null);
      void startAgain({ model, traffic: threads }, thread, print).catch(onError);
    },
  });
  return threads;
}
