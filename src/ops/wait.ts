import { setTimeout as sleep } from 'node:timers/promises';
import { OperationError } from './errors.ts';
import type { Progress, WaitStep } from './operation.ts';
import type { Surroundings } from './runner.ts';

/** How often the state is read while waiting, ms; slower when reading takes long, so that it costs at most a tenth of the time. */
const EVERY_MS = 250;
/** How often progress is told although nothing moved, ms. */
const TOLD_EVERY_MS = 10_000;
/** For how long a target that does not answer is asked again: a reload, a full queue. ms. */
const SILENCE_MS = 5_000;

/** Reads the state until the step is done, its time is over, or somebody else took a hand. Throws when interrupted. */
export async function waitFor(
  step: WaitStep,
  around: Surroundings,
): Promise<{ readonly progress: Progress; readonly timedOut: boolean }> {
  const begin = performance.now();
  let told: { readonly count: number; readonly at: number } | null = null;
  for (;;) {
    const asked = performance.now();
    const progress = step.probe(await patiently(around));
    const now = performance.now();
    if (told === null || told.count !== progress.count || now - told.at >= TOLD_EVERY_MS) {
      told = { count: progress.count, at: now };
      around.emit({ event: 'progress', left: progress.left, count: progress.count, elapsed: Math.round(now - begin) });
    }
    if (progress.done || progress.overtaken !== null) return { progress, timedOut: false };
    const left = step.timeout - (now - begin);
    if (left <= 0) return { progress, timedOut: true };
    await rest(Math.min(left, Math.max(EVERY_MS, 10 * (now - asked))), around.signal, progress);
  }
}

async function rest(time: number, signal: AbortSignal, { left }: Progress): Promise<void> {
  try {
    await sleep(time, undefined, { signal });
  } catch {
    throw new OperationError('interrupted', `interrupted with ${left}`);
  }
}

/** The state; a target that is silent for a moment is asked again. */
async function patiently({ target, signal }: Surroundings) {
  for (const begin = performance.now(); ; ) {
    try {
      return await target.state();
    } catch (error) {
      if (signal.aborted || performance.now() - begin > SILENCE_MS) throw error;
      await sleep(EVERY_MS);
    }
  }
}
