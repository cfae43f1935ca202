import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newHasher } from '../../../src/model/patterns/hash.ts';
import { INDEX_KINDS } from '../../../src/model/patterns/keys.ts';
import { PatternLookup } from '../../../src/model/patterns/lookup.ts';
import { WritablePatternMemory } from '../../../src/model/patterns/memory.ts';
import { PatternStore } from '../../../src/model/patterns/store.ts';

async function world(indexes: readonly number[] = INDEX_KINDS.map((_, i) => i)) {
  const memory = new WritablePatternMemory(async () => {});
  const hasher = newHasher();
  await memory.reserve(400_000);
  const store = new PatternStore(memory, hasher, indexes);
  const lookup = new PatternLookup(memory, hasher, { header: store.header, indexes });
  return { memory, store, lookup };
}

const key = fc.constantFrom('a', 'b', 'ab', 'b/a', '1', '2:5', '10.0.0.0/8', '::1', 'ff');
const step = fc.oneof(
  fc.record({ op: fc.constant('add' as const), key, value: fc.string({ maxLength: 9, unit: 'binary-ascii' }) }),
  fc.record({ op: fc.constant('set' as const), key, value: fc.string({ maxLength: 9, unit: 'binary-ascii' }) }),
  fc.record({ op: fc.constant('del' as const), key, value: fc.constant('') }),
  fc.record({ op: fc.constant('reclaim' as const), key, value: fc.constant('') }),
);

test('after any edits, what is there is what a list would hold, and every index leads to it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const { memory, store, lookup } = await world();
      let list: [string, string][] = [];
      for (const { op, key, value } of steps) {
        if (op === 'add') {
          store.add(store.current, key, value);
          list.push([key, value]);
        } else if (op === 'set') {
          for (const entry of [...store.withKey(store.current, key)]) store.setValue(store.current, entry, value);
          list = list.map(([k, v]) => [k, k === key ? value : v]);
        } else if (op === 'del') {
          for (const entry of [...store.withKey(store.current, key)]) store.delete(store.current, entry);
          list = list.filter(([k]) => k !== key);
        } else memory.reclaim(memory.takeRetired());
      }
      const now = [...store.entries(store.current)].map((entry) => [store.key(entry), store.value(entry)]);
      assert.deepEqual(now, list);
      assert.equal(store.count(store.current), list.length);
      for (const [find, value, kinds] of [
        [lookup.text('str', false), 'a', ['a']],
        [lookup.text('str', true), 'A', ['a']],
        [lookup.text('dir', false), 'x/b/a', ['a', 'b', 'b/a']],
        [lookup.text('dom', true), 'x.AB', ['ab']],
      ] as const) {
        const first = list.find(([k]) => kinds.some((kind) => kind === k));
        const entry = find(value);
        assert.deepEqual(entry === 0 ? undefined : [lookup.key(entry), lookup.value(entry)], first);
      }
      const inRange = list.find(([k]) => k === '2:5');
      assert.equal(lookup.int()(3) === 0 ? undefined : lookup.value(lookup.int()(3)), inRange?.[1]);
    }),
    { numRuns: 150 },
  );
});

test('everything that was taken is given back', async () => {
  const { memory, store } = await world();
  const empty = memory.used;
  const version = store.newVersion();
  for (let i = 0; i < 2000; i++) store.add(version, `${i % 700}`, `v${i}`);
  for (const entry of [...store.withKey(version, '5')]) store.delete(version, entry);
  for (const entry of [...store.withKey(version, '6')]) store.setValue(version, entry, 'another, longer value');
  for (const _ of store.discard(version));
  memory.reclaim(memory.takeRetired());
  assert.equal(memory.used, empty);
});

test('discarding a large version is done in small pieces', async () => {
  const memory = new WritablePatternMemory(async () => {});
  await memory.reserve(4_000_000);
  const store = new PatternStore(memory, newHasher(), [0]);
  const version = store.newVersion();
  for (let i = 0; i < 50_000; i++) store.add(version, `key ${i}`, '');
  let most = 0;
  let before = memory.retired;
  for (const _ of store.discard(version)) {
    most = Math.max(most, memory.retired - before);
    before = memory.retired;
  }
  assert.equal(most < 600, true, `${most} places at once`);
});

test('a reading of all entries goes on while entries are taken out, replaced and added', async () => {
  const { memory, store } = await world([0]);
  const entries = ['a', 'b', 'c', 'd'].map((key) => store.add(store.current, key, '1'));
  const reading = store.entries(store.current);
  assert.equal(store.key(reading.next().value as number), 'a');
  store.delete(store.current, entries[1]!);
  store.setValue(store.current, entries[2]!, '2');
  memory.reclaim(memory.takeRetired());
  store.add(store.current, 'e', '3');
  assert.deepEqual(
    [...reading].map((entry) => [store.key(entry), store.value(entry)]),
    [
      ['c', '2'],
      ['d', '1'],
      ['e', '3'],
    ],
  );
});

test('a reading ends when its version is discarded', async () => {
  const { store } = await world([0]);
  const version = store.newVersion();
  for (const key of ['a', 'b']) store.add(version, key, '');
  const reading = store.entries(version);
  reading.next();
  for (const _ of store.discard(version));
  assert.equal(reading.next().done, true);
});

test('another version is seen all at once', async () => {
  const { store, lookup } = await world([0]);
  const find = lookup.text('str', false);
  store.add(store.current, 'a', 'old');
  const version = store.newVersion();
  store.add(version, 'a', 'new');
  store.add(version, 'b', 'new');
  assert.equal(lookup.value(find('a')), 'old');
  assert.equal(find('b'), 0);
  store.switchTo(version);
  assert.equal(lookup.value(find('a')), 'new');
  assert.equal(lookup.value(find('b')), 'new');
});

test('a pattern that is too long is refused, and nothing is changed', async () => {
  const { memory, store } = await world([0]);
  const used = memory.used;
  assert.throws(() => store.add(store.current, 'x'.repeat(70_000), ''), /too long/);
  assert.equal(memory.used, used);
  assert.equal(store.count(store.current), 0);
});

test('memory that was not reserved is not taken', () => {
  assert.throws(() => new WritablePatternMemory(async () => {}).take(4), /not reserved/);
});
