import assert from 'node:assert/strict';
import { it } from 'node:test';
import { recount } from '../../src/control/recount.ts';
import { CounterStore, G } from '../../src/model/counters.ts';
import type { TrafficLink } from '../../src/model/messages.ts';

it('gauges lose what a lost thread had, and nothing that came or went while the others were counting', async () => {
  const counters = new CounterStore(2);
  const [busy, quiet] = [counters.allocate(), counters.allocate()];
  const gauge = (slot: number) => Atomics.load(counters.gauges(slot), G.current);
  Atomics.store(counters.gauges(busy), G.current, 7);
  Atomics.store(counters.gauges(quiet), G.current, 5);
  // The thread that is left has 3 and 2 of them; some more come each time after it has answered, before that is heard of.
  let own = 3;
  let answers = 0;
  const traffic = {
    threads: 2,
    async ask() {
      const counted = own;
      if (++answers <= 4) {
        own++;
        Atomics.add(counters.gauges(busy), G.current, 1);
      }
      return [
        [
          { slot: busy, field: G.current, count: counted },
          { slot: quiet, field: G.current, count: 2 },
        ],
        null,
      ];
    },
  } as TrafficLink;
  await recount(traffic, counters);
  assert.deepEqual([gauge(busy), gauge(quiet)], [own, 2]);
});

it('a gauge that never rests is right up to what came since it was counted', async () => {
  const counters = new CounterStore(1);
  const slot = counters.allocate();
  Atomics.store(counters.gauges(slot), G.current, 100);
  let own = 10;
  const traffic = {
    threads: 1,
    async ask() {
      own++;
      Atomics.add(counters.gauges(slot), G.current, 1);
      return [[{ slot, field: G.current, count: own }]];
    },
  } as TrafficLink;
  await recount(traffic, counters);
  assert.ok(Math.abs(Atomics.load(counters.gauges(slot), G.current) - own) <= 1);
});
