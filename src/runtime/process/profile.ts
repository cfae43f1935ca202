import { monitorEventLoopDelay } from 'node:perf_hooks';

/** The profiler of the control thread's event loop: how late its callbacks run. Off until it is asked for. */
let histogram: ReturnType<typeof monitorEventLoopDelay> | null = null;

const RESOLUTION_MS = 10;

export function setProfiling(on: boolean): void {
  if (on === (histogram !== null)) return;
  if (on) {
    histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    histogram.enable();
  } else {
    histogram!.disable();
    histogram = null;
  }
}

/** Delays in ms by percentile, since profiling was switched on; empty while it is off. */
export function loopDelays(): readonly { readonly percentile: number; readonly ms: number }[] {
  if (!histogram) return [];
  const seen = histogram;
  return [50, 90, 99, 99.9, 100].map((percentile) => ({
    percentile,
    ms: Math.max(0, seen.percentile(percentile) / 1e6 - RESOLUTION_MS),
  }));
}
