import type { WaveSize } from './kinds.ts';

/** How a fleet is gone through. */
export interface WaveOptions {
  /** Targets of the first wave, which shows whether all is well; 0: none apart. */
  readonly canary: number;
  /** Targets of each wave after it. */
  readonly wave: WaveSize;
}

/** Splits a fleet into waves, in its order; each has at least one target. */
export function waves<T>(targets: readonly T[], { canary, wave }: WaveOptions): readonly (readonly T[])[] {
  const size = Math.max(1, 'count' in wave ? wave.count : Math.ceil((targets.length * wave.percent) / 100));
  const result: T[][] = [];
  let at = 0;
  if (canary > 0) result.push(targets.slice(0, (at = Math.min(canary, targets.length))));
  for (; at < targets.length; at += size) result.push(targets.slice(at, at + size));
  return result.filter((one) => one.length > 0);
}
