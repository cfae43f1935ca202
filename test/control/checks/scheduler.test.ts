import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { spread, startDelays } from '../../../src/control/checks/interval.ts';
import { type Job, Scheduler } from '../../../src/control/checks/scheduler.ts';

test('jobs start in the order of their dates, moved and removed ones included, never more than the limit at a time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ due: fc.nat(50), moved: fc.option(fc.nat(50)), removed: fc.boolean() }), {
        minLength: 1,
        maxLength: 40,
      }),
      fc.integer({ min: 1, max: 4 }),
      async (specs, limit) => {
        const scheduler = new Scheduler(limit, () => 1000);
        const started: number[] = [];
        let running = 0;
        let over = 0;
        const { promise, resolve } = Promise.withResolvers<void>();
        const jobs = specs.map(
          (spec): Job => ({
            due: 0,
            position: -1,
            start(release) {
              running++;
              assert.ok(running <= limit);
              started.push(spec.moved ?? spec.due);
              setImmediate(() => {
                running--;
                release();
                release();
                if (++over === expected.length) resolve();
              });
            },
          }),
        );
        for (const [i, spec] of specs.entries()) scheduler.at(jobs[i]!, spec.due);
        for (const [i, spec] of specs.entries()) if (spec.moved !== null) scheduler.at(jobs[i]!, spec.moved);
        for (const [i, spec] of specs.entries()) if (spec.removed) scheduler.remove(jobs[i]!);
        const expected = specs
          .filter((spec) => !spec.removed)
          .map((spec) => spec.moved ?? spec.due)
          .sort((a, b) => a - b);
        assert.equal(scheduler.waiting, expected.length);
        if (expected.length > 0) await promise;
        assert.deepEqual(started, expected);
        assert.equal(scheduler.running, 0);
        scheduler.close();
      },
    ),
    { numRuns: 60 },
  );
});

test('a job is brought forward but never put off', () => {
  const scheduler = new Scheduler(1, () => 0);
  const job: Job = { due: 0, position: -1, start: () => undefined };
  scheduler.at(job, 1000);
  scheduler.noLaterThan(job, 2000);
  assert.equal(job.due, 1000);
  scheduler.noLaterThan(job, 500);
  assert.equal(job.due, 500);
  scheduler.close();
});

test('first checks are spread over the shortest interval of all, or over their own', () => {
  assert.deepEqual(startDelays([2000, 2000, 4000, 500], 0), [0, 500, 2000, 1500]);
  assert.deepEqual(startDelays([2000, 2000, 4000, 2000], 1000), [0, 250, 500, 750]);
  assert.deepEqual(startDelays([100, 100], 0), [0, 50]);
  assert.deepEqual(startDelays([], 0), []);
});

test('spread-checks moves an interval by up to its percentage either way', () => {
  assert.deepEqual(
    [spread(1000, 50, () => 0), spread(1000, 50, () => 0.999), spread(1000, 0, () => 0.3)],
    [500, -499, 0],
  );
});
