import { G } from './counters.ts';
import type { Model } from './model.ts';

type Row = Pick<Model, 'counters' | 'processSlot'>;

/** Whether traffic threads time what streams cost (`profiling.tasks`, `set profiling tasks`), where an expression asks for it. */
export function isTaskProfiling({ counters, processSlot }: Row): boolean {
  return Atomics.load(counters.gauges(processSlot), G.profiling) !== 0;
}

export function setTaskProfiling({ counters, processSlot }: Row, on: boolean): void {
  Atomics.store(counters.gauges(processSlot), G.profiling, Number(on));
}
