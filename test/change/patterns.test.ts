import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyBatch } from '../../src/change/apply.ts';
import type { Change } from '../../src/change/change.ts';
import { judge } from '../../src/change/judge.ts';
import { rehearse } from '../../src/change/rehearsal.ts';
import { readChange } from '../../src/change/shape.ts';
import type { LivePatterns } from '../../src/model/patterns/references.ts';
import { referenceConfig } from '../support/patterns.ts';
import { type Desk, desk, origin } from './fixture.ts';

/** A desk whose model has a map and an ACL. */
async function patternDesk(): Promise<Desk> {
  const d = desk();
  const configs = [
    referenceConfig(6, 'hosts.map', ['a one', 'b two'], { keyed: true }),
    referenceConfig(7, 'nets.acl', ['10.0.0.0/8', '::1'], {
      uses: [{ match: 'ip', ignoreCase: false, values: null }],
    }),
    referenceConfig(8, 're.map', ['^a 1'], {
      keyed: true,
      uses: [{ match: 'reg', ignoreCase: false, values: 'sint' }],
    }),
  ];
  (await d.ctx.model.patterns.stage(configs)).commit();
  return d;
}

const content = ({ store }: LivePatterns): string[] =>
  [...store.entries(store.current)].map((entry) => `${store.key(entry)} ${store.value(entry)}`.trim());

const map = ({ ctx }: Desk): string[] => content(ctx.model.patterns.find('map', 'hosts.map')!);
const acl = ({ ctx }: Desk): string[] => content(ctx.model.patterns.find('acl', '#7')!);

const key = fc.constantFrom('a', 'b', 'c', 'd');
const value = fc.constantFrom('1', '2', 'two words');
const pairs = fc.array(fc.tuple(key, value), { maxLength: 5 });
const on = { map: fc.constant('hosts.map') };
const kind = <K extends Change['kind']>(name: K) => ({ kind: fc.constant(name) });
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ ...kind('map.add'), ...on, key, value }),
  fc.record({ ...kind('map.set'), ...on, key, value }),
  fc.record({ ...kind('map.del'), ...on, key }),
  fc.record({ ...kind('map.clear'), ...on }),
  fc.record({ ...kind('map.add-all'), ...on, entries: pairs }),
  fc.record({ ...kind('map.replace'), ...on, entries: pairs }),
);

test('what a Change did to a map is undone by its inverse, and entries are where they were', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 6 }), change, async (earlier, last) => {
      const d = await patternDesk();
      for (const one of earlier) await d.apply(one);
      const before = map(d);
      const { ok, inverse } = await d.apply(last);
      if (!ok) assert.deepEqual(map(d), before);
      if (!inverse) return;
      assert.equal((await d.apply(inverse)).ok, true);
      assert.deepEqual(map(d), before);
      d.ctx.states.close();
    }),
    { numRuns: 150 },
  );
});

test('a rehearsal foretells what becomes of several Changes, and alters nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 2, maxLength: 6 }), async (changes) => {
      const d = await patternDesk();
      const before = map(d);
      const judged = await rehearse(changes, d.ctx);
      assert.deepEqual(map(d), before);
      for (const [i, one] of changes.entries()) {
        const { problems, before: found, after } = judge(one, d.ctx);
        assert.deepEqual([problems, found, after], [judged[i]!.problems, judged[i]!.before, judged[i]!.after]);
        await d.apply(one);
      }
      d.ctx.states.close();
    }),
    { numRuns: 150 },
  );
});

test('what a transaction has done to a map is taken back when a later Change fails', async () => {
  const d = await patternDesk();
  const { ok } = await applyBatch(
    [
      { kind: 'map.add', map: 'hosts.map', key: 'c', value: '3' },
      { kind: 'map.del', map: 'hosts.map', key: 'zzz' },
    ],
    d.ctx,
    origin,
  );
  assert.equal(ok, false);
  assert.deepEqual(map(d), ['a one', 'b two']);
});

test('versions are filled aside and put in force by one switch; older ones go', async () => {
  const d = await patternDesk();
  for (const number of [1, 2, 3]) {
    const { text } = await d.apply({ kind: 'map.prepare', map: '#6' });
    assert.equal(text, `New version created: ${number}`);
  }
  await d.apply({ kind: 'map.add', map: '#6', key: 'x', value: 'one', version: 1 });
  await d.apply({ kind: 'map.add-all', map: '#6', entries: [['y', 'two']], version: 2 });
  assert.deepEqual(map(d), ['a one', 'b two']);
  assert.equal((await d.apply({ kind: 'map.commit', map: '#6', version: 2 })).ok, true);
  assert.deepEqual(map(d), ['y two']);
  const live = d.ctx.model.patterns.find('map', '#6')!;
  assert.deepEqual([live.current, live.next, [...live.prepared.keys()]], [2, 3, [3]]);
  for (const [version, text] of [
    [1, 'Version number out of range.'],
    [9, "Version number in the future, please use 'prepare map' before."],
  ] as const) {
    const refused = await d.apply({ kind: 'map.add', map: '#6', key: 'x', value: 'one', version });
    assert.deepEqual([refused.ok, refused.text], [false, text]);
  }
});

test('Changes of maps and ACLs may come from outside', () => {
  const replace = { kind: 'map.replace', map: 'hosts.map', entries: [['a', 'b c']] };
  assert.deepEqual(readChange(replace), replace);
  for (const [wrong, problem] of [
    [
      { ...replace, entries: [['a']] },
      `'entries' of map.replace must be a list of at most 10000 pairs ["key", "value"]`,
    ],
    [{ kind: 'acl.add', acl: 'nets.acl' }, "'pattern' of acl.add is missing"],
    [
      { kind: 'map.del', map: 'hosts.map', key: 'a', entry: '0x1' },
      "unknown member 'entry' of map.del; it has map, key",
    ],
  ] as const) {
    assert.deepEqual(readChange(wrong), { problem });
  }
});

test('what a method cannot read is refused, and nothing of it is added', async () => {
  const d = await patternDesk();
  const refused = await d.apply({ kind: 'acl.add', acl: 'nets.acl', pattern: '10.0.0.0/99' });
  assert.equal(refused.text, "'10.0.0.0/99' is not a valid IPv4 or IPv6 address.");
  const entries = [
    ['^b', '2'],
    ['^([', '3'],
  ] as const;
  assert.match((await d.apply({ kind: 'map.add-all', map: 're.map', entries })).text, /^regex '\^\(\[' is invalid/);
  assert.match((await d.apply({ kind: 'map.set', map: 're.map', key: '^a', value: 'x' })).text, /^unable to parse 'x'/);
  assert.deepEqual(acl(d), ['10.0.0.0/8', '::1']);
  assert.deepEqual(content(d.ctx.model.patterns.find('map', '#8')!), ['^a 1']);
});
