import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyBatch } from '../../src/change/apply.ts';
import { judge } from '../../src/change/judge.ts';
import { rehearse } from '../../src/change/rehearsal.ts';
import { anyChange as change } from './any-change.ts';
import { desk, origin, settings } from './fixture.ts';

test('what a Change did is undone by its inverse, whatever was changed before', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 6 }), change, async (earlier, last) => {
      const d = desk();
      for (const one of earlier) await d.apply(one);
      const before = settings(d);
      const { ok, inverse } = await d.apply(last);
      if (!ok) assert.deepEqual(settings(d), before, 'a refused Change alters nothing');
      if (!inverse) return;
      const undone = await d.apply(inverse);
      assert.equal(undone.ok, true, undone.text);
      assert.deepEqual(settings(d), before);
      d.ctx.states.close();
    }),
    { numRuns: 300 },
  );
});

test('validation and preview touch nothing, and validation foretells the outcome', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 4 }), change, async (earlier, last) => {
      const d = desk();
      for (const one of earlier) await d.apply(one);
      const before = settings(d);
      const sent = d.traffic.sent.length;
      const { problems } = judge(last, d.ctx);
      assert.deepEqual(settings(d), before);
      assert.equal(d.traffic.sent.length, sent);
      const { ok, text } = await d.apply(last);
      assert.deepEqual([ok, ok ? '' : text], [problems.length === 0, problems[0]?.text ?? '']);
      d.ctx.states.close();
    }),
    { numRuns: 200 },
  );
});

test('a transaction is made whole or not at all, and the threads hear of it once or never', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
      const d = desk();
      const before = settings(d);
      const { ok, outcomes, judged, failedAt } = await applyBatch(changes, d.ctx, origin);
      assert.equal(ok, failedAt === -1);
      assert.equal(outcomes.length, changes.length);
      if (!ok) {
        assert.deepEqual(settings(d), before);
        assert.deepEqual(d.traffic.sent, []);
        assert.ok(judged[failedAt]!.problems.length > 0, 'the rehearsal foretold it');
      } else if (!changes.some(({ kind }) => kind === 'frontend.state')) assert.ok(d.traffic.sent.length <= 1);
      d.ctx.states.close();
    }),
    { numRuns: 300 },
  );
});

test('a transaction leaves what its Changes leave one by one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
      const together = desk();
      const { ok, judged, outcomes } = await applyBatch(changes, together.ctx, origin);
      if (!ok) return;
      const apart = desk();
      for (const [i, one] of changes.entries()) {
        const { before, after } = judge(one, apart.ctx);
        assert.deepEqual([before, after], [judged[i]!.before, judged[i]!.after], 'seen as the ones before leave it');
        const { inverse, text } = await apart.apply(one);
        assert.deepEqual([inverse, text], [outcomes[i]!.inverse, outcomes[i]!.text]);
      }
      assert.deepEqual(settings(together), settings(apart));
      for (const d of [together, apart]) d.ctx.states.close();
    }),
    { numRuns: 300 },
  );
});

test('what a Change is told to leave is what its inverse is told to find', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 4 }), change, async (earlier, last) => {
      const d = desk();
      for (const one of earlier) await d.apply(one);
      const { after } = judge(last, d.ctx);
      const { inverse } = await d.apply(last);
      if (inverse) assert.equal(judge(inverse, d.ctx).before, after);
      d.ctx.states.close();
    }),
    { numRuns: 300 },
  );
});

test('a rehearsal touches nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 2, maxLength: 8 }), async (changes) => {
      const d = desk();
      const before = settings(d);
      await rehearse(changes, d.ctx);
      assert.deepEqual(settings(d), before);
      assert.deepEqual([d.traffic.sent, d.calls, d.lines], [[], [], []]);
    }),
    { numRuns: 200 },
  );
});

test('a backend that was added comes back with its cookie; of a server that could not be added again nothing is promised', async () => {
  const d = desk();
  await d.apply({ kind: 'backend.add', backend: 'new', from: 'dyn1', mode: null, guid: null });
  await d.apply({ kind: 'backend.dynamic-cookie', backend: 'new', enabled: true });
  await d.apply({ kind: 'backend.dynamic-cookie-key', backend: 'new', key: 'secret' });
  const before = settings(d);
  const { inverse } = await d.apply({ kind: 'backend.del', backend: 'new' });
  assert.equal((await d.apply(inverse!)).ok, true);
  assert.deepEqual(settings(d), before);
  await d.apply({ kind: 'server.state', backend: 'be_static', server: 'st1', to: 'maint' });
  const gone = await d.apply({ kind: 'server.del', backend: 'be_static', server: 'st1' });
  assert.deepEqual([gone.ok, gone.inverse], [true, null]);
  d.ctx.states.close();
});
