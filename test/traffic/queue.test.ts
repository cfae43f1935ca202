import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { C } from '../../src/model/counters.ts';
import { rankOf, StreamQueue } from '../../src/traffic/queue.ts';
import type { Stream } from '../../src/traffic/stream.ts';

const START = 1_790_000_000_000;

/** What the queue needs of a stream. */
function waiting(id: number, priorityClass: number, priorityOffset: number, queuedAt: number): Stream {
  return {
    id,
    priorityClass,
    priorityOffset,
    queuedAt,
    queue: null,
    queueNext: null,
    queuePrev: null,
  } as unknown as Stream;
}

function contents(queue: StreamQueue): Stream[] {
  const list: Stream[] = [];
  for (let at = queue.head; at !== null; at = at.queueNext) list.push(at);
  const back: Stream[] = [];
  for (let at = queue.tail; at !== null; at = at.queuePrev) back.unshift(at);
  assert.deepEqual(
    list.map((s) => s.id),
    back.map((s) => s.id),
    'both directions agree',
  );
  return list;
}

const priority = fc.constantFrom(-2047, -1, 0, 0, 0, 1, 2047);
const offset = fc.constantFrom(-524_287, -100, 0, 0, 0, 100, 524_287);
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant('push' as const), class: priority, offset, later: fc.nat(50) }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('remove' as const), at: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('shift' as const) }) },
);

suite('queue of streams', () => {
  test('serves by class, then by shifted date, then in order of arrival', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new StreamQueue();
        queue.row = new Float64Array(128);
        let model: Stream[] = [];
        let now = START;
        for (const [i, one] of steps.entries()) {
          if (one.what === 'push') {
            now += one.later;
            const stream = waiting(i, one.class, one.offset, now);
            queue.push(stream);
            const key = (s: Stream) => [s.priorityClass, s.queuedAt + s.priorityOffset] as const;
            const [cls, date] = key(stream);
            const before = model.findIndex((s) => key(s)[0] > cls || (key(s)[0] === cls && key(s)[1] > date));
            model.splice(before < 0 ? model.length : before, 0, stream);
          } else {
            const stream = one.what === 'shift' ? model[0] : model[one.at % Math.max(1, model.length)];
            if (stream === undefined) continue;
            queue.remove(stream);
            model = model.filter((other) => other !== stream);
            assert.deepEqual([stream.queue, stream.queueNext, stream.queuePrev], [null, null, null]);
          }
          assert.deepEqual(
            contents(queue).map((s) => s.id),
            model.map((s) => s.id),
          );
          assert.equal(queue.length, model.length);
          assert.equal(queue.row[C.queueHead], model.length === 0 ? 0 : rankOf(model[0]!));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a rank is a positive whole number that other threads can compare', () => {
    fc.assert(
      fc.property(fc.integer({ min: -2047, max: 2047 }), fc.integer({ min: -524_287, max: 524_287 }), (cls, shift) => {
        const rank = rankOf(waiting(1, cls, shift, START));
        assert.ok(Number.isSafeInteger(rank) && rank > 0);
        assert.ok(rankOf(waiting(1, cls + 1, -524_287, START)) > rank);
      }),
    );
  });
});
