import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyBatch } from '../../src/change/apply.ts';
import type { Change } from '../../src/change/change.ts';
import { judge } from '../../src/change/judge.ts';
import { rehearse } from '../../src/change/rehearsal.ts';
import { desk, origin, settings } from './fixture.ts';

const path = fc.constantFrom(
  { backend: 'be_app', server: 's1' },
  { backend: 'be_app', server: 's2' },
  { backend: 'be_app', server: 's3' },
  { backend: 'be_slow', server: 'slow1' },
  { backend: 'be_static', server: 'st1' },
  { backend: 'be_agent', server: 'a1' },
  { backend: 'be_track', server: 't1' },
  { backend: 'be_dns', server: 'd1' },
  { backend: 'be_ssl', server: 'ss2' },
  { backend: 'be_app', server: 'dyn' },
  { backend: 'nope', server: 's1' },
);
const ip = fc.constantFrom('127.0.0.1', '127.0.0.2', '::1', 'bad');
const backend = fc.constantFrom('be_app', 'be_slow', 'be_dyncookie', 'new', 'nope').map((name) => ({ backend: name }));
const onServer = (more: fc.Arbitrary<object>) => fc.tuple(path, more).map(([p, m]) => ({ ...p, ...m }) as Change);
const onBackend = (more: fc.Arbitrary<object>) => fc.tuple(backend, more).map(([b, m]) => ({ ...b, ...m }) as Change);

/** Any Change that has an inverse, sensible or not. */
const change: fc.Arbitrary<Change> = fc.oneof(
  onServer(fc.record({ kind: fc.constant('server.state'), to: fc.constantFrom('ready', 'drain', 'maint') })),
  onServer(
    fc.record({ kind: fc.constant('server.weight'), weight: fc.integer({ min: -1, max: 300 }), percent: fc.boolean() }),
  ),
  onServer(
    fc.record({
      kind: fc.constant('server.addr'),
      addr: fc.option(ip),
      port: fc.option(fc.constantFrom('80', '+10', '-10', 'x', '0')),
    }),
  ),
  onServer(fc.record({ kind: fc.constant('server.fqdn'), fqdn: fc.constantFrom('a.test', 'b.test', 'a..b') })),
  onServer(fc.record({ kind: fc.constant('server.check-addr'), addr: fc.option(ip), port: fc.option(fc.nat(70000)) })),
  onServer(fc.record({ kind: fc.constant('server.agent-addr'), addr: fc.option(ip), port: fc.option(fc.nat(70000)) })),
  onServer(fc.record({ kind: fc.constant('server.agent-send'), send: fc.constantFrom('', 'hello') })),
  onServer(fc.record({ kind: fc.constant('server.name'), name: fc.constantFrom('x', 's2', 'a/b') })),
  onServer(fc.record({ kind: fc.constant('server.ssl'), enabled: fc.boolean() })),
  onServer(fc.record({ kind: fc.constant('server.maxconn'), maxconn: fc.integer({ min: -1, max: 100 }) })),
  onServer(
    fc.record({ kind: fc.constant('server.checks'), which: fc.constantFrom('health', 'agent'), enabled: fc.boolean() }),
  ),
  onServer(
    fc.record({
      kind: fc.constant('server.add'),
      addr: fc.constantFrom('127.0.0.1:1', ''),
      from: fc.constant(null),
      words: fc.constantFrom([], ['check'], ['track', 's1'], ['bogus']),
    }),
  ),
  onServer(fc.record({ kind: fc.constant('server.del') })),
  onBackend(
    fc.record({
      kind: fc.constant('backend.add'),
      from: fc.constantFrom('dyn1', 'dyn2'),
      mode: fc.constantFrom(null, 'http', 'tcp'),
      guid: fc.constant(null),
    }),
  ),
  onBackend(fc.record({ kind: fc.constant('backend.del') })),
  onBackend(fc.record({ kind: fc.constant('backend.publish'), published: fc.boolean() })),
  onBackend(fc.record({ kind: fc.constant('backend.dynamic-cookie'), enabled: fc.boolean() })),
  fc.record({
    kind: fc.constant('frontend.state'),
    frontend: fc.constantFrom('fe_http', 'fe_off'),
    to: fc.constantFrom('enabled', 'disabled'),
  }) as fc.Arbitrary<Change>,
  fc.record({
    kind: fc.constant('frontend.maxconn'),
    frontend: fc.constant('fe_http'),
    maxconn: fc.integer({ min: -1, max: 100 }),
  }) as fc.Arbitrary<Change>,
  fc.record({
    kind: fc.constant('global.maxconn'),
    maxconn: fc.integer({ min: 0, max: 3000 }),
  }) as fc.Arbitrary<Change>,
  fc.record({
    kind: fc.constant('global.rate-limit'),
    what: fc.constantFrom('connections', 'http-compression'),
    limit: fc.nat(100),
  }) as fc.Arbitrary<Change>,
);

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
