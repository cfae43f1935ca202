import { type CheckView, OperState, type Server } from '../../model/server.ts';

/** Time in ms until the next check: `inter`, `fastinter` while the state is in question, `downinter` while it is down. */
export function checkInterval(server: Server, check: CheckView): number {
  const { inter, fastinter, downinter } =
    check === server.agent
      ? { inter: server.agentConfig!.inter, fastinter: null, downinter: null }
      : server.checkConfig!;
  if (check.health === check.rise + check.fall - 1) return inter;
  if (server.operState === OperState.stopped && check.health === 0) return downinter ?? inter;
  return fastinter ?? inter;
}

/** `spread-checks`: a random share of up to `percent` of the interval, added or taken away. */
export function spread(interval: number, percent: number, random: () => number = Math.random): number {
  const most = Math.floor((interval * percent) / 100);
  return Math.floor(most - 2 * most * random());
}

/** Intervals below this neither are spread over the start of the others nor shorten it, ms. */
const SPREAD_FROM = 1000;

/**
 * Delays in ms after which checks that are started together run for the first time: evenly spread over the shortest interval
 * of all (over its own where that is longer), so that they do not stay in step.
 */
export function startDelays(intervals: readonly number[], maxSpread: number): number[] {
  let shortest = 0;
  for (const interval of intervals)
    if (interval >= SPREAD_FROM && (shortest === 0 || interval < shortest)) shortest = interval;
  return intervals.map((interval, position) => {
    const over = Math.max(shortest, interval);
    return Math.floor(((maxSpread > 0 ? Math.min(over, maxSpread) : over) * position) / intervals.length);
  });
}
