import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Change } from '../../src/change/change.ts';
import type { Conflict } from '../../src/change/conflicts.ts';
import type { Journal, Override } from '../../src/change/journal/journal.ts';
import { memoryJournal } from '../../src/change/journal/memory.ts';
import { judge } from '../../src/change/judge.ts';
import { resumeStanding } from '../../src/change/resume.ts';
import { standingOf } from '../../src/change/standing.ts';
import { succeed } from '../../src/change/succession.ts';
import { referenceConfig } from '../support/patterns.ts';
import { type Desk, desk } from './fixture.ts';

const FILE = 'a one\nb two words\n# c is not here\n  b again\n';

/** A process with a map and an ACL, that starts on a journal. */
async function process(journal: Journal, file = FILE): Promise<Desk & { conflicts: Conflict[] }> {
  const fresh = desk({}, journal);
  const configs = [
    { ...referenceConfig(6, 'hosts.map', [], { keyed: true }), source: Buffer.from(file) },
    referenceConfig(7, 'names.acl', ['a', 'b']),
  ];
  (await fresh.ctx.model.patterns.stage(configs)).commit();
  const d = { ...fresh, ctx: { ...fresh.ctx, standing: await standingOf(journal) } };
  const conflicts: Conflict[] = [];
  await resumeStanding(d.ctx, conflicts);
  return { ...d, conflicts };
}

/** What a look-up of each key gives. */
function found({ ctx }: Desk): string[] {
  return (['map hosts.map', 'acl names.acl'] as const).flatMap((subject) => {
    const [kind, name] = subject.split(' ') as ['map' | 'acl', string];
    const { store } = ctx.model.patterns.find(kind, name)!;
    const all = [...store.entries(store.current)].toReversed();
    const first = new Map(all.map((entry) => [store.key(entry), kind === 'map' ? store.value(entry) : 'listed']));
    return [...first].map(([key, value]) => `${kind} ${key} ${value}`).sort();
  });
}

const key = fc.constantFrom('a', 'b', 'c', 'd', '#x');
const value = fc.constantFrom('1', '2', 'two words');
const pairs = fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 4 });
const map = fc.constantFrom('hosts.map', '#6');
const acl = fc.constantFrom('names.acl', '#7');
const kind = <K extends Change['kind']>(name: K) => ({ kind: fc.constant(name) });
const change = fc.oneof(
  fc.record({ ...kind('map.add'), map, key, value }),
  fc.record({ ...kind('map.set'), map, key, value }),
  fc.record({ ...kind('map.clear'), map }),
  fc.record({ ...kind('map.replace'), map, entries: pairs }),
  fc.record({ ...kind('acl.add'), acl, pattern: key }),
  fc.record({ ...kind('acl.del'), acl, pattern: key }),
  fc.record({ ...kind('acl.clear'), acl }),
  fc.record({ ...kind('acl.replace'), acl, patterns: fc.uniqueArray(key, { maxLength: 3 }) }),
  fc.record({ ...kind('map.del'), map, key }),
) as fc.Arbitrary<Change>;

test('a process that starts again finds what it found before in its maps and ACLs', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
      const journal = memoryJournal();
      const before = await process(journal);
      for (const one of changes) await before.apply(one);
      const after = await process(journal);
      assert.deepEqual(found(after), found(before));
      assert.deepEqual(after.conflicts, []);
      const byKey = (all: readonly Override[]) => all.toSorted((x, y) => (x.key < y.key ? -1 : 1));
      assert.deepEqual(byKey(await journal.overrides('')), byKey(after.ctx.standing.overrides()));
    }),
    { numRuns: 300 },
  );
});

test('what the process before changed after its journal was read is found when the journal is taken', async () => {
  const changes = fc.array(change, { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(changes, changes, async (earlier, later) => {
      const journal = memoryJournal();
      const before = await process(journal);
      for (const one of earlier) await before.apply(one);
      const next = await process(journal);
      for (const one of later) await before.apply(one);
      await succeed(next.ctx, next.conflicts, {
        take: async () => true,
        print: () => undefined,
        signal: new AbortController().signal,
      });
      assert.deepEqual(found(next), found(before));
      assert.deepEqual(next.conflicts, []);
    }),
    { numRuns: 300 },
  );
});

test('where the file says something else of a key by now the file wins, and that is told', async () => {
  const journal = memoryJournal();
  const before = await process(journal);
  await before.apply({ kind: 'map.set', map: 'hosts.map', key: 'a', value: 'live' });
  await before.apply({ kind: 'map.add', map: 'hosts.map', key: 'new', value: 'live' });
  await before.apply({ kind: 'acl.del', acl: 'names.acl', pattern: 'a' });
  const after = await process(journal, FILE.replace('a one', 'a other'));
  assert.deepEqual(found(after), ['map a other', 'map b two words', 'map new live', 'acl b listed']);
  assert.deepEqual(
    after.conflicts.map(({ text }) => text),
    ["map hosts.map key a was set to 'live' over 'one'; the file says 'other' now, and wins"],
  );
  const replaced = memoryJournal();
  const whole = await process(replaced);
  await whole.apply({ kind: 'map.replace', map: 'hosts.map', entries: [['z', '1']] });
  const again = await process(replaced, `${FILE}d more\n`);
  assert.match(again.conflicts[0]!.text, /^map hosts\.map content was set to '1 entry' over 'sha256 .*, and wins$/);
  assert.equal(found(again).includes('map z 1'), false);
});

test('what is in memory only says so', async () => {
  const journal = memoryJournal();
  const d = await process(journal);
  const entries = Array.from({ length: 20_001 }, (_, i) => [`k${i}`, '1'] as const);
  const replace: Change = { kind: 'map.replace', map: 'hosts.map', entries };
  assert.match(judge(replace, d.ctx).warnings.join(), /in memory only, gone with the process: 20001 entries are too/);
  await d.apply(replace);
  assert.match(
    judge({ kind: 'map.set', map: 'hosts.map', key: 'k1', value: '2' }, d.ctx).warnings.join(),
    /in memory only/,
  );
  assert.deepEqual(await journal.overrides(''), []);
});
