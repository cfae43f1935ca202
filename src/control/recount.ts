import type { CounterStore } from '../model/counters.ts';
import type { GaugeCount, TrafficLink } from '../model/messages.ts';

/** How often a gauge that moves is counted again before what is known must do. */
const ATTEMPTS = 20;

/**
 * Sets the shared gauges to what the traffic threads count: they still hold what a lost thread had. Gauges that move while they are
 * counted are counted again.
 */
export async function recount(traffic: TrafficLink, counters: CounterStore): Promise<void> {
  let left: ReadonlyMap<string, GaugeCount> = await count(traffic);
  for (let attempt = 1; left.size > 0 && attempt <= ATTEMPTS; attempt++) {
    const before = new Map(
      [...left].map(([key, { slot, field }]) => [key, Atomics.load(counters.gauges(slot), field)]),
    );
    const now = await count(traffic);
    const moved = new Map<string, GaugeCount>();
    for (const [key, { slot, field }] of left) {
      const gauges = counters.gauges(slot);
      const [was, is] = [before.get(key)!, now.get(key)?.count ?? 0];
      // Where it is not what it was, somebody was counted in or out meanwhile, and perhaps not in `is`.
      if (Atomics.compareExchange(gauges, field, was, is) === was) continue;
      if (attempt === ATTEMPTS) Atomics.add(gauges, field, is - was);
      else moved.set(key, left.get(key)!);
    }
    left = moved;
  }
}

async function count(traffic: TrafficLink): Promise<Map<string, GaugeCount>> {
  const answers = (await traffic.ask({ kind: 'gauges' })) as (GaugeCount[] | null)[];
  const sums = new Map<string, GaugeCount>();
  for (const { slot, field, count } of answers.flatMap((answer) => answer ?? [])) {
    const key = `${slot} ${field}`;
    sums.set(key, { slot, field, count: count + (sums.get(key)?.count ?? 0) });
  }
  return sums;
}
