import { setTimeout as sleep } from 'node:timers/promises';

/** How often a source is asked, ms. */
export interface Pace {
  /** How long a question that waits for news may be held by the other side, and how long an answer may take beyond that. */
  readonly wait: number;
  readonly answer: number;
  /** Least time between two questions of the same kind. */
  readonly least: number;
  /** Pause after the first failure, and the longest after many. */
  readonly retry: number;
  readonly longestRetry: number;
  /** Pause where nothing tells that there is news. */
  readonly poll: number;
}

const SECOND = 1000;

/** The pace of a source whose settings say `seconds` between looks. Blocking questions are held for 50 s: proxies cut what is silent for a minute. */
export function usualPace(seconds: number): Pace {
  return {
    wait: 50 * SECOND,
    answer: 15 * SECOND,
    least: 100,
    retry: Math.min(seconds, 1) * SECOND,
    longestRetry: Math.max(seconds, 60) * SECOND,
    poll: seconds * SECOND,
  };
}

/** Twice as long after each failure, up to the longest; between half of that and all of it, so that many who wait do not come back at once. */
export function retryPause(
  { retry, longestRetry }: Pace,
  failures: number,
  random: () => number = Math.random,
): number {
  const whole = Math.min(longestRetry, retry * 2 ** Math.min(failures - 1, 30));
  return whole / 2 + (random() * whole) / 2;
}

/** Resolves after a time, or at once when the signal is given. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
